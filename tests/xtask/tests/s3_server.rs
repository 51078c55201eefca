//! A real S3 server is started, answers, and goes with its owner.

use std::io::{Read, Write};
use std::net::TcpStream;

use xtask::s3::{S3Error, S3Server};

#[test]
fn a_server_answers_and_goes_with_its_owner() -> Result<(), S3Error> {
    let Some(server) = S3Server::start_or_skip("a real S3 server starts and stops", &["one", "two"])? else {
        return Ok(());
    };
    let address = server.address();
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET /one/key HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = answer().expect("an answer");
    assert!(text.starts_with("HTTP/1.1 403"), "nobody may ask without keys: {text}");
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "it is gone");
    Ok(())
}
