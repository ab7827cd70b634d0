//! The JSON report.

use rescind_model::event::Report;

/// The report as pretty-printed JSON, with a line break at its end.
///
/// # Errors
/// None that a report's types allow; JSON's own error is passed on rather than hidden.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
