//! What is around the content: style, scripts, and a policy that lets a browser load nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::chart::Figure;

/// Apache ECharts, the parts that are used.
const ECHARTS: &str = include_str!("../../assets/echarts/echarts.min.js");
/// Draws the figures, and makes them work by keyboard.
const SCRIPT: &str = include_str!("../../assets/report.js");
const STYLE: &str = include_str!("../../assets/report.css");

/// The whole page around `content`, in which `figures` are drawn.
pub(crate) fn shell(title: &str, content: &Markup, figures: &[&Figure]) -> String {
    let options: serde_json::Map<String, serde_json::Value> = figures
        .iter()
        .map(|figure| (figure.id.clone(), figure.option.clone()))
        .collect();
    // Data inside a script element: nothing in it may look like the element's end.
    let data = serde_json::Value::Object(options)
        .to_string()
        .replace('<', "\\u003c");
    // Only these scripts run, and nothing is fetched, whatever the names of files say.
    let hash = |script: &str| {
        format!(
            "'sha256-{}'",
            STANDARD.encode(Sha256::digest(script.as_bytes()))
        )
    };
    let policy = format!(
        "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'",
        hash(ECHARTS),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // An icon inside the page keeps browsers from asking for one.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                main #content { (content) }
                noscript { p.note { "The figures need JavaScript, which is inside this file; the numbers under them do not." } }
                output #spoken.unseen aria-live="polite" {}
                script type="application/json" id="figures" { (PreEscaped(data)) }
                script { (PreEscaped(ECHARTS)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}
