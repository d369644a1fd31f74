//! One file over HTTP: gone on with where it broke off, and believed only when its sum is right.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use ureq::Agent;
use ureq::http::header::{CONTENT_RANGE, RANGE};

use super::sum::Sum;

/// Attempts in a row that brought not one byte before the download is given up.
const MOST_FRUITLESS: u32 = 5;

/// The progress is told so often.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What to download.
pub(crate) struct Download<'a> {
    pub(crate) url: String,
    /// Where the whole file is to be; the part of it is beside, with `.part` at its end.
    pub(crate) path: PathBuf,
    pub(crate) sum: Sum,
    /// A server that sends more has another file.
    pub(crate) most_bytes: u64,
    /// Pause before another attempt, which grows with every fruitless one.
    pub(crate) pause: Duration,
    /// Hears a line now and then.
    pub(crate) tell: &'a dyn Fn(&str),
}

/// How an attempt ended.
enum Attempt {
    /// The server has sent all that it says it has.
    Ended,
    /// It broke off, for this reason.
    Broke(String),
}

/// Downloads a file, or finds it whole already. A file of a wrong sum is fetched anew once; twice wrong is an error, and
/// nothing of the name is left.
pub(crate) fn download(job: &Download<'_>) -> Result<()> {
    if job.path.is_file() && is_right(job, &job.path)? {
        (job.tell)(&format!(
            "{}: there already, its sum is right",
            job.path.display()
        ));
        return Ok(());
    }
    let part = part_path(&job.path);
    let agent = agent();
    for again in [false, true] {
        fetch(job, &agent, &part)?;
        let found = job.sum.of(&part)?;
        if found == job.sum.expected() {
            File::open(&part)
                .and_then(|file| file.sync_all())
                .and_then(|()| fs::rename(&part, &job.path))
                .with_context(|| format!("cannot rename `{}`", part.display()))?;
            return Ok(());
        }
        let bytes = len(&part);
        fs::remove_file(&part).with_context(|| format!("cannot remove `{}`", part.display()))?;
        let message = format!(
            "{}: {bytes} bytes with the {} {found}, expected {}",
            job.url,
            job.sum.kind(),
            job.sum.expected()
        );
        if again {
            bail!("{message}; the server has another file, give a mirror with `--base-url`");
        }
        (job.tell)(&format!("{message}; fetched anew"));
    }
    Ok(())
}

/// `FILE.part`, which a later run goes on with.
fn part_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        // A connection that stalls is given up in the end, and gone on with where it was.
        .timeout_recv_body(Some(Duration::from_secs(600)))
        .user_agent(concat!("siamang-xtask/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn is_right(job: &Download<'_>, path: &Path) -> Result<bool> {
    Ok(job.sum.of(path)? == job.sum.expected())
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Attempts until the server has sent all.
fn fetch(job: &Download<'_>, agent: &Agent, part: &Path) -> Result<()> {
    let mut fruitless = 0;
    loop {
        let before = len(part);
        match attempt(job, agent, part)? {
            Attempt::Ended => return Ok(()),
            Attempt::Broke(reason) => {
                fruitless = if len(part) > before { 0 } else { fruitless + 1 };
                if fruitless == MOST_FRUITLESS {
                    bail!(
                        "{}: {reason}; {} bytes are in `{}`, the same command goes on with them",
                        job.url,
                        len(part),
                        part.display()
                    );
                }
                (job.tell)(&format!(
                    "{}: {reason} after {} bytes; goes on",
                    job.url,
                    len(part)
                ));
                sleep(job.pause * (1 << fruitless));
            }
        }
    }
}

fn attempt(job: &Download<'_>, agent: &Agent, part: &Path) -> Result<Attempt> {
    let have = len(part);
    let mut request = agent.get(&job.url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(error @ (ureq::Error::BadUri(_) | ureq::Error::HostNotFound)) => {
            return Err(anyhow!(error).context(format!("cannot fetch {}", job.url)));
        }
        Err(error) => return Ok(Attempt::Broke(error.to_string())),
    };
    let status = response.status().as_u16();
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    let (begin, total) = match status {
        200 => (0, response.body().content_length()),
        206 => match range.and_then(content_range) {
            Some((begin, total)) if begin == have => (begin, total),
            found => {
                let found =
                    found.map_or("no place".to_owned(), |(begin, _)| format!("byte {begin}"));
                return Ok(Attempt::Broke(format!(
                    "asked for byte {have} on, the server names {found}"
                )));
            }
        },
        // Nothing comes after what is there.
        416 => return Ok(Attempt::Ended),
        404 | 403 | 401 | 410 => bail!(
            "{}: the server answers {status}; links move: give another place with `--base-url`",
            job.url
        ),
        other => return Ok(Attempt::Broke(format!("the server answers {other}"))),
    };
    if total.is_some_and(|total| total > job.most_bytes) {
        bail!(
            "{}: the server claims {} bytes, at most {} are expected; it is another file",
            job.url,
            total.unwrap_or(0),
            job.most_bytes
        );
    }
    let unwritable = || format!("cannot write `{}`", part.display());
    let file = match begin {
        // The server does not go on, but begins anew.
        0 => File::create(part),
        _ => OpenOptions::new().append(true).open(part),
    };
    let file = file.with_context(unwritable)?;
    copy(job, response.into_body().into_reader(), file, begin, total)
}

/// Writes what comes, until it ends or breaks off.
fn copy(
    job: &Download<'_>,
    mut from: impl Read,
    mut to: File,
    begin: u64,
    total: Option<u64>,
) -> Result<Attempt> {
    let mut buffer = vec![0; 1 << 18];
    let (start, mut told, mut at) = (Instant::now(), Instant::now(), begin);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Attempt::Broke(error.to_string())),
        };
        at += read as u64;
        if at > job.most_bytes {
            bail!(
                "{}: more than {} bytes came; it is another file",
                job.url,
                job.most_bytes
            );
        }
        to.write_all(&buffer[..read])
            .with_context(|| format!("cannot write {}", job.path.display()))?;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let speed = (at - begin) as f64 / 1e6 / start.elapsed().as_secs_f64();
            let of = total.map_or(String::new(), |total| {
                format!(" of {:.1}", total as f64 / 1e6)
            });
            (job.tell)(&format!(
                "{}: {:.1}{of} MB, {speed:.1} MB/s",
                job.url,
                at as f64 / 1e6
            ));
        }
    }
    Ok(match total {
        Some(total) if at < total => {
            Attempt::Broke(format!("the connection ended at byte {at} of {total}"))
        }
        _ => Attempt::Ended,
    })
}

/// First byte and length of the whole of `bytes 10-99/100`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (begin, _) = range.split_once('-')?;
    Some((begin.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::super::server::{Answer, Server};
    use super::*;

    /// A file of 100,000 bytes, and its sum.
    fn file() -> (Vec<u8>, Sum) {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i * 7 % 251) as u8).collect();
        let place = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(place.path(), &bytes).unwrap();
        let sum: String = Sum::Sha256("").of(place.path()).unwrap();
        (bytes, Sum::Sha256(sum.leak()))
    }

    /// Downloads from a server with these answers; gives the outcome, what is there then, and the requests' ranges.
    fn run(
        answers: Vec<Answer>,
        before: Option<&[u8]>,
    ) -> (Result<()>, Option<Vec<u8>>, Vec<Option<u64>>) {
        let (bytes, sum) = file();
        let server = Server::start(bytes, answers);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.tar.gz");
        if let Some(before) = before {
            std::fs::write(part_path(&path), before).unwrap();
        }
        let outcome = download(&Download {
            url: format!("{}/corpus.tar.gz", server.url),
            path: path.clone(),
            sum,
            most_bytes: 200_000,
            pause: Duration::from_millis(1),
            tell: &|_| {},
        });
        (outcome, std::fs::read(&path).ok(), server.ranges())
    }

    #[test]
    fn a_file_comes_in_one_piece() {
        let (outcome, found, ranges) = run(vec![Answer::Whole], None);
        outcome.unwrap();
        assert_eq!((found, ranges), (Some(file().0), vec![None]));
    }

    #[test]
    fn dropped_connections_are_gone_on_with() {
        let answers = vec![
            Answer::Drop(30_000),
            Answer::Drop(1),
            Answer::Refuse,
            Answer::Whole,
        ];
        let (outcome, found, ranges) = run(answers, None);
        outcome.unwrap();
        assert_eq!(found, Some(file().0));
        assert_eq!(ranges, [None, Some(30_000), Some(30_001), Some(30_001)]);
    }

    #[test]
    fn a_part_of_an_earlier_run_is_used() {
        let (outcome, found, ranges) = run(vec![Answer::Whole], Some(&file().0[..60_000]));
        outcome.unwrap();
        assert_eq!((found, ranges), (Some(file().0), vec![Some(60_000)]));
    }

    #[test]
    fn a_whole_part_is_only_renamed() {
        let (outcome, found, ranges) = run(vec![Answer::Whole], Some(&file().0));
        outcome.unwrap();
        assert_eq!((found, ranges), (Some(file().0), vec![Some(100_000)]));
    }

    #[test]
    fn a_part_of_another_file_is_fetched_anew() {
        let (outcome, found, ranges) = run(vec![Answer::Whole, Answer::Whole], Some(&[1; 60_000]));
        outcome.unwrap();
        assert_eq!((found, ranges), (Some(file().0), vec![Some(60_000), None]));
    }

    #[test]
    fn a_server_that_claims_too_much_or_too_little_is_not_believed() {
        // More than it has: the connection ends early, and there is no more.
        let (outcome, found, _) = run(vec![Answer::ClaimMore(500), Answer::Whole], None);
        outcome.unwrap();
        assert_eq!(found, Some(file().0));
        // Less than it has: the sum tells.
        let (outcome, found, ranges) = run(vec![Answer::ClaimLess(500), Answer::Whole], None);
        outcome.unwrap();
        assert_eq!((found, ranges), (Some(file().0), vec![None, None]));
        // Always less.
        let (outcome, found, _) = run(vec![Answer::ClaimLess(500), Answer::ClaimLess(500)], None);
        let message = outcome.unwrap_err().to_string();
        assert!(
            message.contains("99500 bytes") && message.contains("--base-url"),
            "{message}"
        );
        assert_eq!(found, None);
        // An absurd length.
        let (outcome, found, _) = run(vec![Answer::ClaimMore(1 << 40)], None);
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains("at most 200000 are expected"), "{message}");
        assert_eq!(found, None);
    }

    #[test]
    fn a_server_without_ranges_begins_anew() {
        let (outcome, found, _) = run(vec![Answer::Drop(50_000), Answer::NoRange], None);
        outcome.unwrap();
        assert_eq!(found, Some(file().0));
    }

    #[test]
    fn a_range_of_another_place_is_not_taken() {
        let (outcome, found, _) = run(
            vec![Answer::Drop(50_000), Answer::WrongPlace, Answer::Whole],
            None,
        );
        outcome.unwrap();
        assert_eq!(found, Some(file().0));
    }

    #[test]
    fn what_stays_away_is_given_up_with_what_is_there() {
        let mut answers = vec![Answer::Drop(50_000)];
        answers.extend([
            Answer::Refuse,
            Answer::Refuse,
            Answer::Refuse,
            Answer::Refuse,
            Answer::Refuse,
        ]);
        let (outcome, found, ranges) = run(answers, None);
        let message = outcome.unwrap_err().to_string();
        assert!(
            message.contains("50000 bytes are in") && message.contains("goes on"),
            "{message}"
        );
        assert_eq!((found, ranges.len()), (None, 6));
        let (outcome, _, ranges) = run(vec![Answer::NotFound], None);
        assert!(outcome.unwrap_err().to_string().contains("links move"));
        assert_eq!(ranges.len(), 1);
    }

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(content_range("bytes 10-99/100"), Some((10, Some(100))));
        assert_eq!(content_range("bytes 10-99/*"), Some((10, None)));
        assert_eq!(content_range("bytes */100"), None);
        assert_eq!(content_range("10-99/100"), None);
    }
}
