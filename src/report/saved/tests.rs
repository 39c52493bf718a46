use super::*;
use crate::report::ReportOptions;
use crate::report::explain_tests::registry;

fn answers() -> (SavedAnswers, AnalysisInputs) {
    let inputs = AnalysisInputs::default();
    let analysed = Analysed::new(
        vec![registry(
            "reg.example.com",
            &[("app", "1", "amd64"), ("tool", "2", "arm64")],
        )],
        &inputs,
    )
    .unwrap();
    let report = analysed.report(&inputs, &ReportOptions::default()).unwrap();
    (SavedAnswers::new(&analysed, report, &inputs), inputs)
}

#[test]
fn answers_are_read_back_as_they_were_saved() {
    let (answers, _) = answers();
    assert!(answers.representatives.iter().any(Option::is_some));
    let bytes = answers.to_bytes();
    assert_eq!(SavedAnswers::from_bytes(&bytes), Ok(answers));
}

#[test]
fn bytes_of_another_form_are_refused() {
    let (answers, _) = answers();
    let bytes = answers.to_bytes();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(SavedAnswers::from_bytes(&bytes[..length]), Err(InvalidAnswers));
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(SavedAnswers::from_bytes(&longer), Err(InvalidAnswers));
}

#[test]
fn the_key_tells_inputs_apart_and_not_processes() {
    let (_, inputs) = answers();
    assert_eq!(inputs.answers_key(), AnalysisInputs::default().answers_key());
    let mut other = AnalysisInputs::default();
    other.catalogue_files.push(("own.toml".to_owned(), String::new()));
    assert_ne!(inputs.answers_key(), other.answers_key());
    let mut other = AnalysisInputs::default();
    other.costs.worth.longest_payback += 1;
    assert_ne!(inputs.answers_key(), other.answers_key());
}
