//! A real PostgreSQL is started, answers, and goes with its owner.

use std::io::{Read, Write};
use std::net::TcpStream;

use xtask::postgres::{Postgres, PostgresError};

#[test]
fn a_server_answers_and_goes_with_its_owner() -> Result<(), PostgresError> {
    let Some(server) = Postgres::start_or_skip("a real PostgreSQL starts and stops")? else {
        return Ok(());
    };
    let address = server.address();
    let mut stream = TcpStream::connect(address).expect("it listens");
    // A request to encrypt: length, code. Any server answers it with one byte.
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).expect("it reads");
    let mut answer = [0];
    stream.read_exact(&mut answer).expect("it answers");
    assert!(matches!(&answer, b"N" | b"S"), "{answer:?}");
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "it is gone");
    Ok(())
}
