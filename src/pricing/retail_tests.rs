//! Importing saved responses of the Azure Retail Prices API: exact prices, or an error with the candidate rows.

use rust_decimal::Decimal;

use super::*;

/// A row like those of the API: service, product, meter, sku, unit, tier, price.
fn row(service: &str, product: &str, meter: &str, sku: &str, unit: &str, tier: &str, price: &str) -> String {
    format!(
        r#"{{"currencyCode":"USD","tierMinimumUnits":{tier},"retailPrice":{price},"unitPrice":{price},
            "armRegionName":"westeurope","location":"EU West","effectiveStartDate":"2025-02-01T00:00:00Z",
            "meterId":"id-{meter}-{sku}","meterName":"{meter}","productId":"DZH","skuId":"DZH/1","productName":"{product}",
            "skuName":"{sku}","serviceName":"{service}","serviceFamily":"Containers","unitOfMeasure":"{unit}",
            "type":"Consumption","isPrimaryMeterRegion":{},"armSkuName":""}}"#,
        service != "Bandwidth"
    )
}

fn registry(meter: &str, sku: &str, unit: &str, price: &str) -> String {
    row(
        "Container Registry",
        "Container Registry",
        meter,
        sku,
        unit,
        "0.0",
        price,
    )
}

fn internet(tier: &str, price: &str) -> String {
    let product = "Rtn Preference: MGN";
    row(
        "Bandwidth",
        product,
        "Standard Data Transfer Out",
        "Standard",
        "1 GB/Month",
        tier,
        price,
    )
}

fn premium() -> Vec<String> {
    vec![
        registry("Basic Registry Unit", "Basic", "1/Day", "0.1666"),
        registry("Premium Registry Unit", "Premium", "1/Day", "1.6666"),
        registry("Data Stored", "Basic", "1 GB/Month", "0.1"),
        registry("Data Stored", "Premium", "1 GB/Month", "0.11"),
        registry(
            "Premium GB Registry Replication Data Stored",
            "Premium",
            "1 GB/Month",
            "1.2E-1",
        ),
        row(
            "Container Registry",
            "Container Registry",
            "Task vCPU Duration",
            "Tasks",
            "1 Second",
            "6000",
            "0.0001",
        ),
        internet("100.0", "0.087"),
        internet("0.0", "0.0"),
        internet("10335.0", "0.083"),
    ]
}

fn answer(rows: &[String], next: &str) -> String {
    format!(
        r#"{{"BillingCurrency":"USD","CustomerEntityId":"Default","CustomerEntityType":"Retail","Items":[{}],
            "NextPageLink":{next},"Count":{}}}"#,
        rows.join(","),
        rows.len()
    )
}

fn import(rows: &[String], next: &str) -> Result<ImportedBook, RetailError> {
    let choice = RetailChoice {
        plan: AcrPlan::Premium,
        region: None,
        read_on: "2026-11-23".parse().unwrap(),
    };
    import_retail_prices("answer.json", &answer(rows, next), &choice)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn takes_over_what_the_answer_says() {
    let imported = import(&premium(), "null").unwrap();
    assert_eq!(imported.warnings, [""; 0]);
    let book = PriceBooks::shipped()
        .unwrap()
        .check("imported.toml", &imported.toml)
        .unwrap();
    assert_eq!(book.id, "azure-container-registry-premium-westeurope");
    assert_eq!(book.valid_from.to_string(), "2025-02-01");
    assert_eq!(book.valid_until.to_string(), "2027-11-23");
    assert_eq!(book.fee.unwrap().price, decimal("1.6666"));
    assert_eq!((book.storage.per, book.storage.window), (Per::Month, Window::Day));
    assert_eq!(book.storage.rate.tiers[0].price, decimal("0.11"));
    assert_eq!(book.storage.rate.included, 500 << 30);
    let replicas = book.replicas.as_ref().unwrap();
    assert_eq!(replicas.fee.unwrap().price, decimal("1.6666"));
    assert_eq!(
        replicas.storage.as_ref().unwrap().rate.tiers[0].price,
        decimal("0.12")
    );
    let internet = &book.zone("internet").unwrap().rate;
    assert_eq!(internet.included, 100_000_000_000);
    let tiers: Vec<(u64, Decimal)> = internet
        .tiers
        .iter()
        .map(|tier| (tier.from, tier.price))
        .collect();
    assert_eq!(
        tiers,
        [(0, decimal("0.087")), (10_335_000_000_000, decimal("0.083"))]
    );
}

#[test]
fn says_when_rows_may_be_missing() {
    let link = "\"https://prices.azure.com:443/api/retail/prices?$skip=1000\"";
    let without_traffic = &premium()[..5];
    assert_eq!(
        import(without_traffic, link).unwrap().warnings,
        [
            "answer.json is one page of several (it has a NextPageLink): rows may be missing",
            "answer.json has no row for `Standard Data Transfer Out`: the shipped price is kept",
        ]
    );
    let error = import(&premium()[2..], link).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "answer.json: there is no row for `Premium Registry Unit`; there are: Data Stored (Container"
        ),
        "{error}"
    );
    assert!(
        error.ends_with("(the file is one page of several: it has a NextPageLink)"),
        "{error}"
    );
    let error = import(&premium()[..7], "null").unwrap_err().to_string();
    assert_eq!(
        error,
        "answer.json: the tiers of `Standard Data Transfer Out` begin at 100 and not at 0; rows are missing"
    );
}

#[test]
fn refuses_unknown_units_and_ambiguous_rows() {
    let changed = |index: usize, from: &str, to: &str| {
        let mut rows = premium();
        rows[index] = rows[index].replace(from, to);
        import(&rows, "null").unwrap_err().to_string()
    };
    let error = changed(3, "1 GB/Month", "1 GiB/Hour");
    assert!(
        error.starts_with(
            "answer.json: `Data Stored` is priced per `1 GiB/Hour`, which is not understood; known are: 1 GB/Month, 1 \
             GB/Day; the rows are: Data Stored (Container Registry, sku Premium, region westeurope"
        ),
        "{error}"
    );
    let twice = |from: &str, to: &str| {
        let mut rows = premium();
        rows.push(rows[3].replace(from, to));
        import(&rows, "null")
    };
    // The same row twice says nothing new.
    assert!(twice("", "").is_ok());
    let error = twice("\"retailPrice\":0.11", "\"retailPrice\":0.13")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("answer.json: several rows match `Data Stored`; keep one of: "),
        "{error}"
    );
    assert!(
        error.contains("at 0.11 USD") && error.contains("at 0.13 USD"),
        "{error}"
    );
    assert_eq!(
        twice("westeurope", "eastus").unwrap_err().to_string(),
        "answer.json: there are prices of several regions; choose one of: eastus, westeurope"
    );
    assert!(changed(3, "\"USD\"", "\"EUR\"").contains("several currencies (EUR, USD)"));
    assert!(
        changed(3, ":0.11", ":\"dear\"").contains("retailPrice of `Data Stored` is \"dear\" and no price")
    );
    assert!(
        import_retail_prices(
            "page.html",
            "<html>",
            &RetailChoice {
                plan: AcrPlan::Basic,
                region: None,
                read_on: "2026-11-23".parse().unwrap()
            }
        )
        .unwrap_err()
        .to_string()
        .starts_with("page.html: this is no answer of the Azure Retail Prices API")
    );
}

#[test]
fn reservations_and_other_offers_are_left_out() {
    let mut rows = premium();
    rows.push(
        rows[1]
            .replace("Consumption", "Reservation")
            .replace("1.6666", "1"),
    );
    assert!(import(&rows, "null").is_ok());
}
