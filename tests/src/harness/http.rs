//! As much HTTP/1.1 as a test needs to stand between a store and its server, or to pretend to be one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A message of a test is small; what is larger is a mistake.
const MOST_BYTES: usize = 256 << 20;

/// A request or an answer, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line, without its end.
    pub start: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// An answer with a body.
    pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            start: format!("HTTP/1.1 {status} -"),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Method of a request.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// Path and query of a request.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Status of an answer.
    pub fn status(&self) -> u16 {
        let status = self.start.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_default()
    }

    /// Reads a request. `None` at the end of the connection. One that waits to be told to go on is told so.
    ///
    /// # Errors
    /// When it breaks off or is no request.
    pub fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::read_head(reader)? else {
            return Ok(None);
        };
        if message.header("expect").is_some() {
            reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            message.headers.retain(|(name, _)| name != "expect");
        }
        message.read_body(reader, false)?;
        Ok(Some(message))
    }

    /// Reads the answer to a request with this method.
    ///
    /// # Errors
    /// When it breaks off or is no answer.
    pub fn read_answer(reader: &mut BufReader<TcpStream>, method: &str) -> io::Result<Self> {
        loop {
            let head = Self::read_head(reader)?;
            let mut message = head.ok_or_else(|| invalid("the connection ended before the answer"))?;
            if message.status() == 100 {
                continue;
            }
            if method != "HEAD" && !matches!(message.status(), 204 | 304) {
                message.read_body(reader, true)?;
            }
            return Ok(message);
        }
    }

    fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        let mut first = true;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return if first {
                    Ok(None)
                } else {
                    Err(invalid("a head that breaks off"))
                };
            }
            let line = line.trim_end();
            if first {
                message.start = line.to_owned();
                first = false;
            } else if line.is_empty() {
                return Ok(Some(message));
            } else {
                let (name, value) = line
                    .split_once(':')
                    .ok_or_else(|| invalid("a header without a value"))?;
                message
                    .headers
                    .push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
    }

    fn read_body(&mut self, reader: &mut impl BufRead, is_answer: bool) -> io::Result<()> {
        if self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"))
        {
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let size = line.trim().split(';').next().unwrap_or_default();
                let size = usize::from_str_radix(size, 16).map_err(|_| invalid("a chunk without a size"))?;
                let mut chunk = vec![0; size.min(MOST_BYTES)];
                reader.read_exact(&mut chunk)?;
                self.body.extend(chunk);
                reader.read_line(&mut String::new())?;
                if size == 0 {
                    break;
                }
            }
            self.headers.retain(|(name, _)| name != "transfer-encoding");
            self.headers
                .push(("content-length".into(), self.body.len().to_string()));
        } else if let Some(length) = self.header("content-length") {
            let length: usize = length.parse().map_err(|_| invalid("a length that is no number"))?;
            if length > MOST_BYTES {
                return Err(invalid("a body that is too long"));
            }
            self.body = vec![0; length];
            reader.read_exact(&mut self.body)?;
        } else if is_answer {
            reader.take(MOST_BYTES as u64).read_to_end(&mut self.body)?;
        }
        Ok(())
    }

    /// Writes the message, but of its body only so many bytes. The length it names is that of the whole body, unless the
    /// headers name another.
    ///
    /// # Errors
    /// As the connection.
    pub fn write(&self, stream: &mut TcpStream, most: usize) -> io::Result<()> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.header("content-length").is_none() {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body[..self.body.len().min(most)]);
        stream.write_all(&bytes)
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// What to do after a request.
pub enum Then {
    /// Answer, but of the body only so many bytes; the connection ends if that is not all.
    Answer(Message, usize),
    /// End the connection without a word.
    HangUp,
}

/// Takes connections on a free port of this machine until it is dropped.
pub struct Listener {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Hands every request to `serve`, each connection in a thread of its own.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(serve: impl Fn(&Message) -> Then + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, serve) = (stopped.clone(), Arc::new(serve));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (serve, stop) = (serve.clone(), stop.clone());
                std::thread::spawn(move || {
                    // Whatever is wrong with a connection is its client's to notice.
                    let _ = serve_connection(stream, &*serve, &stop);
                });
            }
        });
        Ok(Self {
            address,
            stopped,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // so that it looks
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve_connection(stream: TcpStream, serve: &dyn Fn(&Message) -> Then, stop: &AtomicBool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // A connection that nobody uses any more must not keep its thread for ever.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Message::read_request(&mut reader)? {
        match serve(&request) {
            _ if stop.load(Ordering::SeqCst) => break,
            Then::Answer(answer, most) => {
                answer.write(reader.get_mut(), most)?;
                if most < answer.body.len() {
                    break;
                }
            }
            Then::HangUp => break,
        }
    }
    Ok(())
}
