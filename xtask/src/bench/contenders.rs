//! How contenders are started.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::builds::Libtorch;
use super::peers::tcmalloc;

/// One way to do the work: a process.
pub(crate) struct Contender {
    pub(crate) label: String,
    /// The program and its arguments, or why there is none.
    pub(crate) command: Result<Vec<OsString>, String>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Contender {
    /// One that cannot run.
    pub(super) fn absent(label: &str, reason: &str) -> Self {
        Self {
            label: label.to_owned(),
            command: Err(reason.to_owned()),
            environment: Vec::new(),
        }
    }

    /// The same with the allocator that PyTorch is quickest with, where there is one.
    pub(super) fn with_tcmalloc(mut self) -> Self {
        let library = tcmalloc().map(|library| ("LD_PRELOAD", library.into()));
        self.environment.extend(library);
        self
    }
}

/// Makes contenders of each kind.
pub(crate) struct Contenders {
    pub(super) root: PathBuf,
    python: PathBuf,
    /// Built when the first comparison asks for it.
    libtorch: OnceCell<Result<Libtorch, String>>,
}

impl Contenders {
    /// Those of the repository at `root`, and those that `python` runs.
    pub(crate) fn new(root: &Path, python: PathBuf) -> Self {
        Self {
            root: root.to_owned(),
            python,
            libtorch: OnceCell::new(),
        }
    }

    /// The package `contenders`.
    pub(super) fn ours<A: AsRef<OsStr>>(
        &self,
        label: &str,
        arguments: &[A],
        threads: usize,
    ) -> Contender {
        let program = self.root.join("target/release/contender");
        Contender {
            label: label.to_owned(),
            command: Ok(command(&[program], arguments, threads)),
            environment: Vec::new(),
        }
    }

    /// The package `contenders` with its networks on libtorch.
    pub(super) fn on_libtorch(&self, label: &str, arguments: &[&str], threads: usize) -> Contender {
        let libtorch = self.libtorch.get_or_init(|| {
            Libtorch::build(&self.root, &self.python).map_err(|error| format!("{error:#}"))
        });
        let libtorch = match libtorch {
            Ok(libtorch) => libtorch,
            Err(reason) => return Contender::absent(label, reason),
        };
        let arguments = [arguments, &["--device", "tch"]].concat();
        let mut environment = pools(threads);
        environment.push(("LD_LIBRARY_PATH", libtorch.libraries.clone().into()));
        Contender {
            label: label.to_owned(),
            command: Ok(command(&[&libtorch.contender], &arguments, threads)),
            environment,
        }
    }

    /// A script of benches/peers.
    pub(super) fn python(
        &self,
        label: &str,
        script: &str,
        arguments: &[&str],
        threads: usize,
    ) -> Contender {
        Contender {
            label: label.to_owned(),
            command: Ok(self.python_command(script, arguments, threads)),
            environment: pools(threads),
        }
    }

    /// A wheel of PyPI, `NAME==VERSION`, fetched by pip.
    pub(super) fn wheel(&self, requirement: &str) -> Result<PathBuf> {
        let folder = self.root.join("target/bench-wheels").join(requirement);
        let status = Command::new(&self.python)
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--only-binary=:all:", "--python-version", "3.12", "--dest"])
            .arg(&folder)
            .arg(requirement)
            .status()
            .with_context(|| format!("cannot run {}", self.python.display()))?;
        ensure!(status.success(), "pip cannot fetch {requirement}: {status}");
        let mut entries = std::fs::read_dir(&folder)?.filter_map(Result::ok);
        let wheel = entries.next().context("pip has left no wheel")?;
        Ok(wheel.path())
    }

    pub(super) fn python_command(
        &self,
        script: &str,
        arguments: &[&str],
        threads: usize,
    ) -> Vec<OsString> {
        let script = self.root.join("benches/peers").join(script);
        command(&[&self.python, &script], arguments, threads)
    }
}

/// The threads before the arguments, which may end with another program's.
fn command(
    program: &[impl AsRef<OsStr>],
    arguments: &[impl AsRef<OsStr>],
    threads: usize,
) -> Vec<OsString> {
    let mut command: Vec<OsString> = program.iter().map(Into::into).collect();
    command.extend(["--threads".into(), threads.to_string().into()]);
    command.extend(arguments.iter().map(Into::into));
    command
}

/// Libraries take all cores unless each of their pools is told otherwise.
pub(super) fn pools(threads: usize) -> Vec<(&'static str, OsString)> {
    [
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ]
    .map(|name| (name, threads.to_string().into()))
    .into()
}
