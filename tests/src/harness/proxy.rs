//! Stands between a store and its server, and spoils what passes as a plan says.

use super::http::{Listener, Message, Then};
use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spoil {
    /// The server never sees it; the answer is "internal error".
    ErrorBefore,
    /// The server never sees it; the answer is "slow down".
    SlowDown,
    /// The server never sees it; the connection ends.
    HangUpBefore,
    /// The server never sees it, and no answer comes for this long.
    Stall(Duration),
    /// It takes effect; the answer is "internal error".
    ErrorAfter,
    /// It takes effect; the connection ends without an answer.
    HangUpAfter,
    /// It takes effect; half of the answer's body comes, then the connection ends.
    CutBody,
    /// It takes effect; one bit of the answer's body is another.
    FlipBit,
    /// It takes effect, and takes this much longer.
    Delay(Duration),
}

type Plan = dyn FnMut(&Message) -> Option<Spoil> + Send;

/// The proxy. Dropped, it takes no connections any more.
pub struct Proxy {
    listener: Listener,
    plan: Arc<Mutex<(Box<Plan>, Vec<Spoil>)>>,
}

impl Proxy {
    /// Passes requests on to a server, except as the plan says.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(server: SocketAddr, plan: impl FnMut(&Message) -> Option<Spoil> + Send + 'static) -> io::Result<Self> {
        let plan: Arc<Mutex<(Box<Plan>, Vec<Spoil>)>> = Arc::new(Mutex::new((Box::new(plan), Vec::new())));
        let ask = plan.clone();
        let listener = Listener::start(move |request| {
            let spoil = {
                let mut plan = ask.lock().unwrap_or_else(PoisonError::into_inner);
                let spoil = (plan.0)(request);
                plan.1.extend(spoil);
                spoil
            };
            pass(server, request, spoil)
        })?;
        Ok(Self { listener, plan })
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// From now on does as this plan says.
    pub fn set_plan(&self, plan: impl FnMut(&Message) -> Option<Spoil> + Send + 'static) {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).0 = Box::new(plan);
    }

    /// What was spoilt so far.
    pub fn spoilt(&self) -> Vec<Spoil> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

fn pass(server: SocketAddr, request: &Message, spoil: Option<Spoil>) -> Then {
    let error = |status: u16, code: &str| {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>told to fail</Message></Error>");
        Then::Answer(
            Message::answer(status, body).with("content-type", "application/xml"),
            usize::MAX,
        )
    };
    match spoil {
        Some(Spoil::ErrorBefore) => return error(500, "InternalError"),
        Some(Spoil::SlowDown) => return error(503, "SlowDown"),
        Some(Spoil::HangUpBefore) => return Then::HangUp,
        Some(Spoil::Stall(time)) => {
            std::thread::sleep(time);
            return Then::HangUp;
        }
        Some(Spoil::Delay(time)) => std::thread::sleep(time),
        _ => {}
    }
    let Ok(mut answer) = forward(server, request) else {
        return Then::HangUp;
    };
    match spoil {
        Some(Spoil::ErrorAfter) => error(500, "InternalError"),
        Some(Spoil::HangUpAfter) => Then::HangUp,
        Some(Spoil::CutBody) if answer.body.is_empty() => Then::HangUp,
        Some(Spoil::CutBody) => {
            let half = answer.body.len() / 2;
            Then::Answer(answer, half)
        }
        Some(Spoil::FlipBit) => {
            let half = answer.body.len() / 2;
            if let Some(byte) = answer.body.get_mut(half) {
                *byte ^= 1;
            }
            Then::Answer(answer, usize::MAX)
        }
        _ => Then::Answer(answer, usize::MAX),
    }
}

fn forward(server: SocketAddr, request: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    request.write(&mut stream, usize::MAX)?;
    let mut answer = Message::read_answer(&mut BufReader::new(stream), request.method())?;
    // Each connection of the server serves one request, each of the client many.
    answer.headers.retain(|(name, _)| name != "connection");
    Ok(answer)
}
