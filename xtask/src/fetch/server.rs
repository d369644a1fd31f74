//! A web server for tests, with bad manners.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Sends what was asked for.
    Whole,
    /// Closes the connection after so many bytes of the body.
    Drop(usize),
    /// Sends an error.
    Refuse,
    /// Has no such file.
    NotFound,
    /// Claims so many bytes more than it sends.
    ClaimMore(u64),
    /// Claims so many bytes less than there are, and sends those.
    ClaimLess(usize),
    /// Sends the whole file whatever the range.
    NoRange,
    /// Sends the range from its own place.
    WrongPlace,
}

/// A server that gives each request the next answer.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    ranges: Receiver<Option<u64>>,
}

impl Server {
    /// Starts serving one file. The thread ends with the last answer.
    pub(crate) fn start(bytes: Vec<u8>, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, ranges) = channel();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let range = request(&stream);
                sender.send(range).unwrap();
                // A client that has heard enough hangs up.
                let _ = respond(stream, &bytes, answer, range);
            }
        });
        Self { url, ranges }
    }

    /// The first byte of the range of each request so far.
    pub(crate) fn ranges(&self) -> Vec<Option<u64>> {
        self.ranges.try_iter().collect()
    }
}

/// Reads a request and gives the first byte that it asks for.
fn request(stream: &TcpStream) -> Option<u64> {
    let mut range = None;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = value.trim_end_matches('-').parse().ok();
        }
    }
    range
}

fn respond(
    mut stream: TcpStream,
    bytes: &[u8],
    answer: Answer,
    range: Option<u64>,
) -> std::io::Result<()> {
    let begin = range.unwrap_or(0) as usize;
    let mut send = |status: &str, headers: &str, claimed: u64, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {claimed}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        stream.flush()
    };
    match answer {
        Answer::Refuse => return send("503 Service Unavailable", "", 0, b""),
        Answer::NotFound => return send("404 Not Found", "", 0, b""),
        Answer::NoRange => return send("200 OK", "", bytes.len() as u64, bytes),
        _ if range.is_some() && begin >= bytes.len() => {
            return send(
                "416 Range Not Satisfiable",
                &format!("Content-Range: bytes */{}\r\n", bytes.len()),
                0,
                b"",
            );
        }
        _ => {}
    }
    let place = if matches!(answer, Answer::WrongPlace) {
        begin + 7
    } else {
        begin
    };
    let (status, headers) = match range {
        None => ("200 OK", String::new()),
        Some(_) => (
            "206 Partial Content",
            format!(
                "Content-Range: bytes {place}-{}/{}\r\n",
                bytes.len() - 1,
                bytes.len()
            ),
        ),
    };
    let body = &bytes[place..];
    match answer {
        Answer::Drop(after) => send(
            status,
            &headers,
            body.len() as u64,
            &body[..after.min(body.len())],
        ),
        Answer::ClaimMore(more) => send(status, &headers, body.len() as u64 + more, body),
        Answer::ClaimLess(less) => send(
            status,
            &headers,
            (body.len() - less) as u64,
            &body[..body.len() - less],
        ),
        _ => send(status, &headers, body.len() as u64, body),
    }
}
