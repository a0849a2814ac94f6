//! Messages of PostgreSQL's protocol, version 3, as far as a proxy must tell them apart. No TLS.

use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Write},
};

/// Longer ones than these are taken for garbage.
const MESSAGE_BYTES: usize = 1 << 26;
/// What a client asks before anything else, if it would rather have TLS or GSSAPI.
const WOULD_ENCRYPT: [[u8; 4]; 2] = [80_877_103_u32.to_be_bytes(), 80_877_104_u32.to_be_bytes()];

/// One message of either side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The letter it begins with; `CONNECT` for the first of a connection, which has none.
    pub kind: u8,
    pub body: Vec<u8>,
}

pub const CONNECT: u8 = b'^';
pub const QUERY: u8 = b'Q';
pub const PARSE: u8 = b'P';
pub const BIND: u8 = b'B';
pub const EXECUTE: u8 = b'E';
pub const DESCRIBE: u8 = b'D';
pub const TERMINATE: u8 = b'X';
pub const COPY_DATA: u8 = b'd';
pub const COPY_DONE: u8 = b'c';
pub const COPY_FAIL: u8 = b'f';
/// From the database.
pub const READY: u8 = b'Z';
pub const ERROR: u8 = b'E';
pub const COMPLETE: u8 = b'C';
pub const COPY_IN: u8 = b'G';

impl Message {
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut kind = [0];
        from.read_exact(&mut kind)?;
        Ok(Self { kind: kind[0], body: read_body(from)? })
    }

    pub fn read_first(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self { kind: CONNECT, body: read_body(from)? })
    }

    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.body.len() + 5);
        if self.kind != CONNECT {
            bytes.push(self.kind);
        }
        let length = u32::try_from(self.body.len() + 4).expect("it was read or made here");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes)
    }

    pub fn would_encrypt(&self) -> bool {
        WOULD_ENCRYPT.iter().any(|asked| self.body == asked)
    }

    /// Whether the database may answer it by an error of its own, and the node then hears of it.
    pub fn is_refusable(&self) -> bool {
        let asks = [QUERY, PARSE, BIND, DESCRIBE, EXECUTE, COPY_DATA, COPY_DONE, CONNECT];
        asks.contains(&self.kind)
    }

    pub fn query(sql: &str) -> Self {
        Self { kind: QUERY, body: strings(&[sql]) }
    }

    /// A statement to prepare, without parameters.
    pub fn parse(name: &str, sql: &str) -> Self {
        let mut body = strings(&[name, sql]);
        body.extend_from_slice(&[0, 0]);
        Self { kind: PARSE, body }
    }

    pub fn copy_fail(why: &str) -> Self {
        Self { kind: COPY_FAIL, body: strings(&[why]) }
    }

    /// An error as the database says it; `severity` is ERROR or FATAL.
    pub fn error(severity: &str, sqlstate: &str) -> Self {
        let fields =
            [("S", severity), ("V", severity), ("C", sqlstate), ("M", "said by the proxy")];
        let fields = fields.map(|(field, value)| field.to_owned() + value);
        let mut body = strings(&fields.each_ref().map(String::as_str));
        body.push(0);
        Self { kind: ERROR, body }
    }

    /// The strings that it begins with.
    fn strings(&self) -> impl Iterator<Item = String> {
        self.body.split(|byte| *byte == 0).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

fn read_body(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = (u32::from_be_bytes(length) as usize).checked_sub(4);
    let length = length.filter(|length| *length <= MESSAGE_BYTES);
    let mut body = vec![0; length.ok_or_else(|| io::Error::from(ErrorKind::InvalidData))?];
    from.read_exact(&mut body)?;
    Ok(body)
}

fn strings(strings: &[&str]) -> Vec<u8> {
    strings.iter().flat_map(|string| string.bytes().chain([0])).collect()
}

/// Which SQL the messages of one connection are about.
#[derive(Default)]
pub struct Statements {
    by_name: HashMap<String, String>,
    by_portal: HashMap<String, String>,
}

impl Statements {
    /// The SQL that a message of the node has in it, or refers to by name.
    pub fn sql(&mut self, message: &Message) -> Option<String> {
        let mut strings = message.strings();
        match message.kind {
            QUERY => strings.next(),
            PARSE => {
                let (name, sql) = (strings.next()?, strings.next()?);
                self.by_name.insert(name, sql.clone());
                Some(sql)
            }
            BIND => {
                let (portal, name) = (strings.next()?, strings.next()?);
                let sql = self.by_name.get(&name).cloned()?;
                self.by_portal.insert(portal, sql.clone());
                Some(sql)
            }
            EXECUTE => self.by_portal.get(&strings.next()?).cloned(),
            _ => None,
        }
    }
}
