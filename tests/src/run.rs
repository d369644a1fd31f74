//! Running the binary.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own for a test, with a model in `model`.
pub struct Place {
    folder: TempDir,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// Makes the folder and the model.
    pub fn new() -> Self {
        let place = Self {
            folder: TempDir::new().unwrap(),
        };
        crate::write_bundle(&place.path("model"));
        place
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of text.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes `tiny.toml`: the configuration that `train` prints for `arguments`, with a network small enough for tests
    /// and what `change` does to it.
    pub fn tiny_config(&self, arguments: &str, change: impl FnOnce(&mut toml::Table)) {
        let run = self.run(&format!("train {arguments} --print-config"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let mut config: toml::Table = run.stdout.parse().unwrap();
        config["encoder"]["trunk"]["hidden"] = 16.into();
        config["loss"]["head"]["hidden"] = toml::Value::Array(vec![20.into()]);
        config["crop_frames"] = 20.into();
        change(&mut config);
        self.write("tiny.toml", &toml::to_string(&config).unwrap());
    }

    /// Runs `siamang` in the folder; the words of `arguments` are divided by blanks.
    pub fn run(&self, arguments: &str) -> Run {
        self.run_with(arguments, b"")
    }

    /// As [`Place::run`], with bytes on standard input.
    pub fn run_with(&self, arguments: &str, input: &[u8]) -> Run {
        let mut command = siamang(self.folder.path());
        let output = command
            .args(arguments.split_whitespace())
            .write_stdin(input)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// The binary, to be run in `folder`, undisturbed by the environment.
pub fn siamang(folder: &Path) -> Command {
    let path = assert_cmd::cargo::cargo_bin("siamang");
    assert!(
        path.exists(),
        "`{}` is not built; run `cargo test --workspace`, which builds it",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .current_dir(folder)
        .env_remove("SIAMANG_MODEL")
        .env_remove("COLUMNS");
    command
}

/// What a run of the binary did.
#[derive(Debug)]
pub struct Run {
    /// Exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:#?}"))
    }

    /// Exit code, standard error and standard output, for snapshots.
    pub fn shown(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        format!(
            "exit code: {code}\n--- stderr\n{}--- stdout\n{}",
            self.stderr, self.stdout
        )
    }
}
