//! Numbers in sentences.

/// Four significant digits, without a tail of zeros.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "not a number".to_owned(),
        0.0 => "0".to_owned(),
        size if !(1e-4..1e6).contains(&size) => format!("{value:.1e}"),
        size => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
            let text = format!("{value:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

/// A share of 0 to 1 in percent.
pub(crate) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent.abs() {
        _ if !share.is_finite() => "not a number".to_owned(),
        0.0 => "0 %".to_owned(),
        size if size < 0.05 => format!("{percent:.0e} %"),
        _ => format!("{} %", format!("{percent:.1}").trim_end_matches(".0")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.5, "0.5"),
            (5.8182, "5.818"),
            (1234.5, "1234"),
            (0.0, "0"),
            (1e-7, "1.0e-7"),
            (-0.25, "-0.25"),
            (f64::NAN, "not a number"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            (
                percent(0.145).as_str(),
                percent(0.008).as_str(),
                percent(1e-7).as_str()
            ),
            ("14.5 %", "0.8 %", "1e-5 %")
        );
    }
}
