//! What was typed, for the journal of a run.

use std::borrow::Cow;

/// The command line, as a shell reads it again; the program by its name alone, wherever it lies.
pub(super) fn typed() -> String {
    let arguments = std::env::args_os().skip(1);
    quoted(arguments.map(|argument| argument.to_string_lossy().into_owned()))
}

fn quoted(arguments: impl Iterator<Item = String>) -> String {
    let mut text = "siamang".to_owned();
    for argument in arguments {
        // An argument cannot hold what cannot be quoted: the zero that ends it.
        let word = shlex::try_quote(&argument).unwrap_or(Cow::Borrowed(&argument));
        text.push(' ');
        text.push_str(&word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_command_as_it_was_typed() {
        let typed = ["train", "--data", "my corpus/it's", "--filter", "a=b,c"];
        let text = quoted(typed.iter().map(|&word| word.to_owned()));
        let read = shlex::split(&text).unwrap();
        assert_eq!(read[0], "siamang");
        assert_eq!(read[1..], typed);
        assert_eq!(quoted(["doctor".to_owned()].into_iter()), "siamang doctor");
    }
}
