use super::*;

fn euros(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), "EUR".parse().unwrap())
}

fn readings(first_month: u32, amounts: &[&str]) -> Vec<CostReading> {
    let reading = |(index, amount): (u32, &&str)| CostReading {
        as_of: format!("2026-{:02}-05T10:00:00Z", first_month + index)
            .parse()
            .unwrap(),
        cost: euros(amount),
        price_book: "book 2026".to_owned(),
        repositories: 10,
        pulled_repositories: 10,
    };
    (0..).zip(amounts).map(reading).collect()
}

fn expected(registries: &[Vec<CostReading>]) -> Vec<Money> {
    let months = Forecast::new(registries).months;
    months.into_iter().map(|month| month.expected).collect()
}

#[test]
fn a_proven_line_goes_on_with_no_spread() {
    let forecast = Forecast::new(&[readings(8, &["10", "12", "14", "16", "18"])]);
    assert_eq!(
        forecast.months[0].month,
        NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()
    );
    assert_eq!(forecast.months[2].expected, euros("24"));
    let basis = forecast.basis.unwrap();
    assert_eq!((basis.trend, basis.change_per_month), (Trend::Rising, euros("2")));
    assert!(
        basis.text.contains("2.00 EUR a month is proven"),
        "{}",
        basis.text
    );
}

#[test]
fn without_a_proven_trend_the_present_level_goes_on_and_an_outlier_is_not_it() {
    let forecast = Forecast::new(&[readings(
        5,
        &["2580", "2600", "2574", "2620", "2590", "2600", "2433"],
    )]);
    for month in &forecast.months {
        assert_eq!(month.expected, euros("2590"));
        let [low, high] = [month.low, month.high].map(Money::amount);
        assert!(low < month.expected.amount() && month.expected.amount() < high);
    }
    assert!(
        forecast.months[0].high.amount() <= forecast.months[2].high.amount(),
        "wider for later months"
    );
    let basis = forecast.basis.unwrap();
    assert_eq!(basis.trend, Trend::Flat);
    let accuracy = basis.accuracy.unwrap();
    assert_eq!(accuracy.held_back_months, 5);
    assert!(basis.text.contains("5 months held back") && basis.text.contains("same as last month"));
}

#[test]
fn where_the_same_as_last_month_was_closer_it_is_the_forecast_and_says_so() {
    let course = ["10", "10", "10", "20", "20", "20", "20", "30", "30", "30"];
    let forecast = Forecast::new(&[readings(1, &course)]);
    assert!(forecast.months.iter().all(|month| month.expected == euros("30")));
    let basis = forecast.basis.unwrap();
    assert_eq!(
        (basis.method, basis.trend, basis.change_per_month),
        (ForecastMethod::SameAsLastMonth, Trend::Flat, euros("0"))
    );
    let accuracy = basis.accuracy.unwrap();
    assert_eq!(accuracy.error_percent, accuracy.same_as_last_month_percent);
    assert!(accuracy.error_percent < accuracy.level_and_trend_percent && !accuracy.is_better);
    for stated in [
        "The cost of the last month goes on.",
        "On 8 months held back",
        &format!("off by {} %", accuracy.error_percent),
        &format!("level and trend by {} %", accuracy.level_and_trend_percent),
    ] {
        assert!(basis.text.contains(stated), "{}", basis.text);
    }
}

#[test]
fn the_last_month_is_compared_with_the_one_before() {
    let change = Forecast::new(&[readings(10, &["2616", "2433"])]).change.unwrap();
    assert_eq!(change.percent, Some("-7".parse().unwrap()));
    assert_eq!(change.text, "2433.00 EUR in Nov 2026, −7 % on Oct 2026.");
    let nothing = Forecast::new(&[readings(10, &["0", "10"])]).change.unwrap();
    assert_eq!((nothing.percent, nothing.not_comparable), (None, None));
    assert_eq!(nothing.text, "10.00 EUR in Nov 2026, after 0.00 EUR in Oct 2026.");
}

#[test]
fn months_before_pulls_were_known_do_not_count() {
    let mut course = readings(1, &["50", "51", "52", "2570", "2600", "2590", "2610"]);
    for reading in &mut course[..3] {
        reading.pulled_repositories = 0;
    }
    let forecast = Forecast::new(&[course.clone()]);
    assert_eq!(forecast.months[2].expected, euros("2610"));
    let basis = forecast.basis.unwrap();
    assert_eq!(
        (basis.months, basis.earlier_months),
        (4, Some(NotComparable::Pulls))
    );
    assert!(
        basis.text.contains("Months before Apr 2026 do not count"),
        "{}",
        basis.text
    );
    // Of the first month with pulls, no growth is stated.
    let change = Forecast::new(&[course[..4].to_vec()]).change.unwrap();
    assert_eq!(
        (change.percent, change.not_comparable),
        (None, Some(NotComparable::Pulls))
    );
    let none = Forecast::new(&[course[..6].to_vec()]);
    assert_eq!(none.months, []);
    let text = none.basis.unwrap().text;
    assert!(
        text.starts_with("No forecast yet: it needs 4 months") && text.contains("has 3. Months before Apr"),
        "{text}"
    );
}

#[test]
fn another_price_book_begins_anew_and_a_new_repository_does_not() {
    let mut course = readings(1, &["10", "10", "10", "10", "20", "20", "20", "20"]);
    for reading in &mut course[4..] {
        reading.price_book = "book 2027".to_owned();
    }
    let basis = Forecast::new(&[course]).basis.unwrap();
    assert_eq!(
        (basis.months, basis.earlier_months),
        (4, Some(NotComparable::PriceBook))
    );
    let mut course = readings(1, &["10", "10", "10", "10", "10"]);
    course[2].repositories = 11;
    assert_eq!(Forecast::new(&[course]).basis.unwrap().months, 5);
}

#[test]
fn of_a_month_the_last_reading_counts_and_what_was_not_read_is_as_it_was() {
    let mut first = readings(1, &["1", "2", "3", "4"]);
    first.insert(
        0,
        CostReading {
            as_of: "2026-04-01T00:00:00Z".parse().unwrap(),
            ..first[0].clone()
        },
    );
    // Begins a month later and is not read in April, so the sums are 12, 13 and 14 from February on.
    let second = readings(2, &["10", "10"]);
    assert_eq!(
        expected(&[first.clone(), second.clone()]),
        [],
        "three months are too few"
    );
    first.push(CostReading {
        as_of: "2026-05-01T00:00:00Z".parse().unwrap(),
        cost: euros("5"),
        ..first[0].clone()
    });
    assert_eq!(expected(&[first, second])[0], euros("15"));
}

#[test]
fn too_few_months_and_several_currencies_have_no_forecast() {
    assert_eq!(expected(&[]), []);
    assert_eq!(expected(&[readings(1, &["1", "2", "3"])]), []);
    let mut mixed = readings(1, &["1", "2", "3", "4", "5"]);
    mixed[2].cost = Money::new(Decimal::ONE, "USD".parse().unwrap());
    assert_eq!(expected(&[mixed]), []);
    assert_eq!(expected(&[readings(1, &["1", "2", "3", "4"]), Vec::new()]), []);
}
