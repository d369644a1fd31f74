//! What a command writes: Kaldi's pipes. No shell is asked, and only known programs are run.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

use super::{MOST_BYTES, failed};
use crate::error::DataError;
use crate::problem::name_list;

/// Programs that turn one audio file into another on their standard output.
const PROGRAMS: [&str; 9] = [
    "sph2pipe", "flac", "sox", "ffmpeg", "opusdec", "oggdec", "lame", "mpg123", "cat",
];

/// Bytes of what a program complains of that are shown.
const MOST_COMPLAINT: usize = 300;

/// Programs whose output goes into each other and at last to us.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// As it was written, without the last `|`.
    written: String,
    /// The words of each program.
    stages: Vec<Vec<String>>,
    /// The folder that its paths start from.
    folder: PathBuf,
}

impl Command {
    /// Reads a command as Kaldi's lists have it, with the last `|` or without; `Err` says what is not allowed.
    ///
    /// # Errors
    /// A sentence about a program that is not known, or a sign that only a shell understands.
    pub fn parse(written: &str, folder: &Path) -> Result<Self, String> {
        let written = written.trim();
        let written = written.strip_suffix('|').unwrap_or(written).trim();
        let mut stages = vec![Vec::new()];
        for word in words(written)? {
            match word {
                Word::Pipe => stages.push(Vec::new()),
                Word::Text(text) => stages
                    .last_mut()
                    .into_iter()
                    .for_each(|stage| stage.push(text.clone())),
            }
        }
        for stage in &stages {
            let Some(program) = stage.first() else {
                return Err("there is no program between two `|`".to_owned());
            };
            if !PROGRAMS.contains(&program.as_str()) {
                return Err(format!(
                    "`{program}` is none of the programs that may be run: {}",
                    name_list(&PROGRAMS)
                ));
            }
        }
        Ok(Self {
            written: written.to_owned(),
            stages,
            folder: folder.to_owned(),
        })
    }

    /// The file that the command does nothing but decode, where that is so.
    pub fn decoded_file(&self) -> Option<&str> {
        let [stage] = self.stages.as_slice() else {
            return None;
        };
        let is_file = |word: &&String| audio_features::is_audio_path(Path::new(word));
        let mut files = stage.iter().skip(1).filter(is_file);
        let file = files.next()?;
        let plain = [
            "-", "-f", "wav", "-p", "-t", "-c", "-d", "-s", "-i", "-dcs", "-cds", "-sdc", "-cd",
            "-dc", "-nostdin", "-v", "error", "pipe:1",
        ];
        let is_plain = stage
            .iter()
            .skip(1)
            .all(|word| word == file || plain.contains(&word.as_str()));
        // `sph2pipe -c 1` takes one channel.
        let takes_a_channel = stage[0] == "sph2pipe" && stage.iter().any(|word| word == "-c");
        (files.next().is_none() && is_plain && !takes_a_channel).then_some(file)
    }

    /// Runs it and gives what it writes.
    ///
    /// # Errors
    /// [`DataError::Member`] with what the programs say where one of them fails or writes nothing.
    pub fn run(&self) -> Result<Vec<u8>, DataError> {
        let mut children: Vec<(String, Child)> = Vec::with_capacity(self.stages.len());
        let outcome = self
            .start(&mut children)
            .and_then(|()| self.output(&mut children));
        for (_, child) in &mut children {
            // After a failure the others may wait for each other.
            let _ = child.kill();
            let _ = child.wait();
        }
        outcome
    }

    fn start(&self, children: &mut Vec<(String, Child)>) -> Result<(), DataError> {
        for stage in &self.stages {
            let input = match children.last_mut() {
                Some((_, child)) => child.stdout.take().map_or_else(Stdio::null, Stdio::from),
                None => Stdio::null(),
            };
            let folder = if self.folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &self.folder
            };
            let child = Process::new(&stage[0])
                .args(&stage[1..])
                .current_dir(folder)
                .stdin(input)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .map_err(|error| failed(self, format!("cannot run `{}`: {error}", stage[0])))?;
            children.push((stage[0].clone(), child));
        }
        Ok(())
    }

    fn output(&self, children: &mut [(String, Child)]) -> Result<Vec<u8>, DataError> {
        // A program that complains at length must not wait for a reader.
        let complaints: Vec<_> = children
            .iter_mut()
            .map(|(_, child)| {
                let stream = child.stderr.take();
                std::thread::spawn(move || {
                    let (mut text, mut rest) = (Vec::new(), std::io::sink());
                    if let Some(mut stream) = stream {
                        let _ = (&mut stream)
                            .take(MOST_COMPLAINT as u64)
                            .read_to_end(&mut text);
                        let _ = std::io::copy(&mut stream, &mut rest);
                        let _ = rest.flush();
                    }
                    String::from_utf8_lossy(&text).trim().to_owned()
                })
            })
            .collect();
        let mut bytes = Vec::new();
        let stream = children
            .last_mut()
            .and_then(|(_, child)| child.stdout.take());
        if let Some(stream) = stream {
            let read = stream.take(MOST_BYTES + 1).read_to_end(&mut bytes);
            read.map_err(|error| failed(self, format!("its output cannot be read: {error}")))?;
        }
        if bytes.len() as u64 > MOST_BYTES {
            return Err(failed(
                self,
                format!("it writes more than the {MOST_BYTES} bytes that one recording may have"),
            ));
        }
        for ((program, child), complaint) in children.iter_mut().zip(complaints) {
            let status = child
                .wait()
                .map_err(|error| failed(self, error.to_string()))?;
            let complaint = complaint.join().unwrap_or_default();
            if !status.success() {
                return Err(failed(
                    self,
                    format!("`{program}` failed ({status}): {complaint}"),
                ));
            }
        }
        if bytes.is_empty() {
            return Err(failed(self, "it writes nothing"));
        }
        Ok(bytes)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} |", self.written)
    }
}

/// A word of a command, or the sign between two programs.
enum Word {
    Text(String),
    Pipe,
}

/// The words of a command, in which quotes hold blanks together. Everything else that a shell would act on is refused.
fn words(written: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some(next) if next == letter => break,
                        Some('$' | '`' | '\\') if letter == '"' => return Err(shell(letter)),
                        Some(next) => word.push(next),
                        None => return Err(format!("{letter} is not closed")),
                    }
                }
            }
            '|' => {
                words.extend(word.take().map(Word::Text));
                words.push(Word::Pipe);
            }
            ';' | '&' | '<' | '>' | '$' | '`' | '(' | ')' | '*' | '?' | '\\' | '{' | '}' | '#'
            | '~' | '\n' => return Err(shell(letter)),
            blank if blank.is_whitespace() => words.extend(word.take().map(Word::Text)),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word.map(Word::Text));
    Ok(words)
}

fn shell(letter: char) -> String {
    format!("`{letter}` would need a shell, which is not asked")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<Command, String> {
        Command::parse(written, Path::new(""))
    }

    #[test]
    fn only_known_programs_and_plain_words_are_taken() {
        let command = parse("sox 'a b.wav' -t wav - | sox -t wav - -r 8000 -t wav - |").unwrap();
        assert_eq!(command.stages[0], ["sox", "a b.wav", "-t", "wav", "-"]);
        assert_eq!(command.stages.len(), 2);
        for (written, expected) in [
            ("rm -rf x |", "`rm` is none of the programs"),
            ("/usr/bin/sox a |", "`/usr/bin/sox` is none of the programs"),
            ("sox a.wav -t wav - ; rm x |", "`;` would need a shell"),
            ("sox $(x) |", "`$` would need a shell"),
            ("cat \"$x\" |", "would need a shell"),
            ("cat a > b |", "`>` would need a shell"),
            ("cat 'a |", "' is not closed"),
            ("cat a | | cat |", "no program between"),
            ("|", "no program between"),
        ] {
            let error = parse(written).unwrap_err();
            assert!(error.contains(expected), "{written}: {error}");
        }
    }

    #[test]
    fn a_command_that_only_decodes_names_its_file() {
        for (written, expected) in [
            ("sph2pipe -f wav -p x.sph |", Some("x.sph")),
            ("sph2pipe -f wav -p -c 1 x.sph |", None),
            ("flac -c -d -s x.flac |", Some("x.flac")),
            ("sox x.wav -t wav - |", Some("x.wav")),
            ("sox x.wav -r 8000 -t wav - |", None),
            ("ffmpeg -v error -i x.m4a -f wav - |", Some("x.m4a")),
        ] {
            assert_eq!(
                parse(written).unwrap().decoded_file(),
                expected,
                "{written}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_command_writes_is_read_and_its_failure_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let sound: Vec<u8> = (0..200_000u32).map(|index| index as u8).collect();
        std::fs::write(folder.path().join("a b"), &sound).unwrap();
        let run = |written: &str| Command::parse(written, folder.path()).unwrap().run();
        assert_eq!(run("cat 'a b' | cat | cat |").unwrap(), sound);
        let error = run("cat absent |").unwrap_err().to_string();
        assert!(
            error.contains("`cat` failed") && error.contains("absent"),
            "{error}"
        );
    }
}
