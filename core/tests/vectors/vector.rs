//! The file of one vector (format.md 13): what is expected, inputs, a blank line, the bytes.

use std::fmt::Write as _;

const HEX_COLUMNS: usize = 100;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vector {
    /// Reads as a specification, and begins with what it is.
    pub name: String,
    /// `ok` or the code of the refusal.
    pub expect: String,
    pub inputs: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

/// Bytes that every implementation accepts.
pub fn good(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Vector {
    refused(name, "ok", bytes)
}

/// Bytes that every implementation refuses.
pub fn refused(name: impl Into<String>, code: &str, bytes: impl AsRef<[u8]>) -> Vector {
    let bytes = bytes.as_ref().to_vec();
    Vector { name: name.into(), expect: code.into(), inputs: Vec::new(), bytes }
}

impl Vector {
    pub fn with(mut self, input: &str, value: impl ToString) -> Self {
        self.inputs.push((input.into(), value.to_string()));
        self
    }

    pub fn why(self, comment: &str) -> Self {
        self.with("comment", comment)
    }

    pub fn what(&self) -> &str {
        self.name.split('_').next().expect("a name is not empty")
    }

    pub fn all<'a>(&'a self, input: &'a str) -> impl Iterator<Item = &'a str> {
        self.inputs.iter().filter(move |(name, _)| name == input).map(|(_, value)| value.as_str())
    }

    pub fn input<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    pub fn render(&self) -> String {
        let mut text = format!("expect: {}\nwhat: {}\n", self.expect, self.what());
        for (name, value) in &self.inputs {
            writeln!(text, "{name}: {value}").expect("memory takes it");
        }
        text.push('\n');
        for line in hex::encode(&self.bytes).as_bytes().chunks(HEX_COLUMNS) {
            text.push_str(std::str::from_utf8(line).expect("hex digits"));
            text.push('\n');
        }
        text
    }

    pub fn parse(name: &str, text: &str) -> Self {
        let (header, body) = text.split_once("\n\n").expect("a blank line before the bytes");
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").expect("name: value");
            (name.to_owned(), value.to_owned())
        };
        let mut inputs: Vec<_> = header.lines().map(field).collect();
        let (expect, what) = (inputs.remove(0), inputs.remove(0));
        let bytes = hex::decode(body.replace('\n', "")).expect("hex digits");
        let vector = Self { name: name.into(), expect: expect.1, inputs, bytes };
        assert_eq!(what.1, vector.what(), "{name} begins with what it is");
        vector
    }
}
