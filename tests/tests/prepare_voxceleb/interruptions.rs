//! Killed at any moment, or out of room: the store is either whole or says what is missing, and work goes on.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use speech_data::store::{Store, StoreError};

use crate::miniature::{Entries, split, unpack, wav, zip64};
use crate::{answer, command, files, stderr};

fn miniature(folder: &Path, utterances: u32) {
    let entries: Entries = (0..utterances)
        .map(|n| {
            (
                format!("wav/id1{:04}/x6uYqmx31kE/{n:05}.wav", n / 40 + 1),
                wav(n, 4),
            )
        })
        .collect();
    split(folder, "vox1_dev_wav_part", &zip64(&entries), 4);
}

#[test]
fn killed_at_ten_moments_it_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (archives, whole) = (folder.path().join("vox1"), folder.path().join("whole"));
    miniature(&archives, 600);
    let begin = Instant::now();
    let run = command(Some(&archives), None, &whole).output().unwrap();
    let took = begin.elapsed();
    assert_eq!(answer(&run).1, 0);
    let (mut killed, mut unfinished) = (0, 0);
    for moment in 1..=10 {
        let out = folder.path().join(format!("killed {moment}"));
        let mut child = command(Some(&archives), None, &out)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(took.mul_f64(f64::from(moment) / 10.0));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        match Store::open(&out) {
            Ok(store) => assert_eq!(store.len(), 600),
            Err(StoreError::Unfinished {
                done, planned: 600, ..
            }) => {
                assert!(done <= 600);
                unfinished += 1;
            }
            // Killed before it began.
            Err(StoreError::NotAStore { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let run = command(Some(&archives), None, &out).output().unwrap();
        assert_eq!(answer(&run).1, 0, "{}", stderr(&run));
        assert_eq!(files(&out), files(&whole), "killed at moment {moment}");
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert!(killed > 0, "every run was over before it was killed");
    eprintln!("{killed} of 10 runs were killed, {unfinished} left an unfinished store");
}

/// A file system of a few megabytes, unmounted in the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        disk.run(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            &format!("size={megabytes}m"),
            "tmpfs",
        ])
        .then_some(disk)
    }

    fn run(&self, words: &[&str]) -> bool {
        let status = Command::new(words[0])
            .args(&words[1..])
            .arg(self.0.path())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.run(&["umount"]);
    }
}

#[test]
fn a_full_disk_is_told_and_work_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(48) else {
        testing::skip("this user may not mount a small file system");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (archives, out) = (folder.path().join("vox1"), disk.0.path().join("store"));
    miniature(&archives, 300);
    // Not enough from the start: the plan says so, and nothing is begun.
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![1; 20 << 20]).unwrap();
    let run = command(Some(&archives), None, &out).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(
        stderr(&run).contains("only") && stderr(&run).contains("free"),
        "{}",
        stderr(&run)
    );
    assert!(!out.exists());
    // Enough at the start, but others write, too.
    std::fs::remove_file(&ballast).unwrap();
    let mut child = command(Some(&archives), None, &out)
        .args(["--jobs", "1"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !out.join("journal").exists() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut others = Vec::new();
    for number in 0..48 {
        let path = disk.0.path().join(format!("other{number}"));
        if std::fs::write(&path, vec![1; 1 << 20]).is_err() {
            others.push(path);
            break;
        }
        others.push(path);
    }
    let output = child
        .wait()
        .map(|status| (status, child.stderr.take()))
        .unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut output.1.unwrap(), &mut text).unwrap();
    assert_eq!(output.0.code(), Some(1), "{text}");
    assert!(
        text.contains("No space left") && text.contains("make room"),
        "{text}"
    );
    assert!(matches!(
        Store::open(&out),
        Err(StoreError::Unfinished { .. })
    ));
    others
        .iter()
        .for_each(|path| std::fs::remove_file(path).unwrap_or_default());
    let run = command(Some(&archives), None, &out).output().unwrap();
    assert_eq!(answer(&run).1, 0, "{}", stderr(&run));
    let whole = folder.path().join("whole");
    assert_eq!(
        answer(&command(Some(&archives), None, &whole).output().unwrap()).1,
        0
    );
    assert_eq!(files(&out), files(&whole));
}

/// Ctrl-C says how far it came, and that the same command goes on.
#[cfg(unix)]
#[test]
fn an_interruption_by_the_user_says_that_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let entries: Entries = (0..600)
        .map(|n| (format!("wav/id10001/x6uYqmx31kE/{n:05}.wav"), wav(n, 8)))
        .collect();
    unpack(folder.path(), &entries);
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("store");
    let mut command = command(Some(folder.path()), None, &out);
    command.args(["--jobs", "1", "--encoding", "flac"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !out.join("journal").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("the same command goes on"),
        "{}",
        stderr(&run)
    );
    let (summary, code) = answer(&command.output().unwrap());
    assert_eq!(
        (code, &summary["utterances"], &summary["complete"]),
        (0, &600.into(), &true.into())
    );
}
