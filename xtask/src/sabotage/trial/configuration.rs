//! A configuration with some settings changed.

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::sabotage::case::{Change, Setting};

/// `text`, as `siamang train --print-config` gives it, with `settings`.
pub(crate) fn changed(text: &str, settings: &[Setting]) -> Result<String> {
    let mut whole: Table = text.parse().context("the printed configuration")?;
    for setting in settings {
        let path = setting.path;
        let (mut table, name) = (&mut whole, path);
        let name = match name.rsplit_once('.') {
            None => name,
            Some((above, name)) => {
                for step in above.split('.') {
                    let entry = table
                        .entry(step)
                        .or_insert_with(|| Value::Table(Table::new()));
                    // What was a word may have settings of its own.
                    if !entry.is_table() {
                        *entry = Value::Table(Table::new());
                    }
                    let Value::Table(inner) = entry else {
                        bail!("`{path}`: `{step}` has no settings");
                    };
                    table = inner;
                }
                name
            }
        };
        let value = match setting.change {
            Change::Gone => {
                table.remove(name);
                continue;
            }
            Change::To(value) => value_of(value).with_context(|| format!("`{path}`"))?,
            Change::Times(factor) => match table.get(name).and_then(Value::as_float) {
                Some(number) => Value::Float(number * factor),
                None => bail!("`{path}` is no number"),
            },
        };
        table.insert(name.to_owned(), value);
    }
    Ok(toml::to_string(&whole)?)
}

fn value_of(text: &str) -> Result<Value> {
    let mut table: Table = format!("value = {text}").parse()?;
    table.remove("value").context("no value")
}

/// A setting as it is shown.
pub(crate) fn shown(setting: &Setting) -> String {
    let path = setting.path;
    match setting.change {
        Change::To(value) => format!("{path} = {value}"),
        Change::Times(factor) => format!("{path} × {factor}"),
        Change::Gone => format!("without {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::case::{gone, times, to};

    #[test]
    fn only_what_is_named_changes() {
        let text = "seed = 1\n[a]\nrate = 0.5\nkind = \"x\"\n[a.b]\nc = 2\n[d]\n";
        let settings = [
            times("a.rate", 10.0),
            to("a.b", "{ c = 3, e = [1.0, 2.0] }"),
            to("f.g", "\"y\""),
            gone("d"),
        ];
        let expected = "seed = 1\n[a]\nrate = 5.0\nkind = \"x\"\n[a.b]\nc = 3\ne = [1.0, 2.0]\n[f]\ng = \"y\"\n";
        let changed: Table = changed(text, &settings).unwrap().parse().unwrap();
        assert_eq!(changed, expected.parse::<Table>().unwrap());
        assert!(super::changed(text, &[times("a.kind", 2.0)]).is_err());
    }
}
