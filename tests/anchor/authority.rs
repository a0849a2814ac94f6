//! A timestamp authority of openssl's: a root, an issuer below it, and signers, good and bad.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// What keys are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    Rsa,
    P256,
    P384,
}

/// What a signer's certificate says of its purpose.
pub const GOOD: &str = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature";

/// Long ago, and long to come, as `openssl ca` reads it.
const LONG: (&str, &str) = ("20200101000000Z", "20400101000000Z");

pub struct Authority {
    dir: TempDir,
    keys: Keys,
}

impl Authority {
    /// With the signers `good`, which `ts` signs with.
    pub fn new(keys: Keys) -> Self {
        let authority = Self { dir: tempfile::tempdir().unwrap(), keys };
        authority.write("ca.cnf", CA);
        authority.write("index", "");
        authority.write("number", "01");
        let ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
        authority.certify("root", "root", ca, LONG);
        authority.certify("issuer", "root", ca, LONG);
        authority.issue("good", GOOD);
        let chain = [authority.read("issuer.pem"), authority.root()];
        authority.write("chain.pem", chain.concat());
        authority
    }

    /// Makes a signer with these extensions.
    pub fn issue(&self, name: &str, extensions: &str) {
        self.certify(name, "issuer", extensions, LONG);
    }

    /// Makes a signer whose certificate was valid for one day.
    pub fn issue_expired(&self, name: &str) {
        self.certify(name, "issuer", GOOD, ("20240101000000Z", "20240102000000Z"));
    }

    /// Certifies the key of `good` again, under the same number, for another time: of the same length.
    pub fn issue_twin(&self, name: &str) {
        let said = self.openssl(&["x509", "-in", "good.pem", "-noout", "-serial"]);
        let said = String::from_utf8(said).unwrap();
        let number = format!("0x{}", said.trim().strip_prefix("serial=").unwrap());
        let certificate = format!("{name}.pem");
        let mut words = vec!["x509", "-req", "-in", "good.csr", "-set_serial", &number];
        words.extend(["-CA", "issuer.pem", "-CAkey", "issuer.key", "-days", "3000", "-sha256"]);
        self.openssl(&[&words[..], &["-extfile", "good.ext", "-out", &certificate]].concat());
    }

    fn certify(&self, name: &str, by: &str, extensions: &str, (from, to): (&str, &str)) {
        let key = match self.keys {
            Keys::Rsa => ["RSA", "rsa_keygen_bits:2048"],
            Keys::P256 => ["EC", "ec_paramgen_curve:P-256"],
            Keys::P384 => ["EC", "ec_paramgen_curve:P-384"],
        };
        let file = |end: &str| format!("{name}.{end}");
        let [kind, parameter] = key;
        self.openssl(&["genpkey", "-algorithm", kind, "-pkeyopt", parameter, "-out", &file("key")]);
        let subject = format!("/O=Example Authority/CN={name}");
        let [request, key, certificate] = [file("csr"), file("key"), file("pem")];
        self.openssl(&["req", "-new", "-key", &key, "-subj", &subject, "-out", &request]);
        self.write(&file("ext"), extensions);
        let (by_key, by_certificate, ext) = (format!("{by}.key"), format!("{by}.pem"), file("ext"));
        let mut words = vec!["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", &request];
        words.extend(["-out", &certificate, "-extfile", &ext, "-startdate", from, "-enddate", to]);
        words.extend(["-keyfile", &by_key]);
        if name == by {
            words.push("-selfsign");
        } else {
            words.extend(["-cert", &by_certificate]);
        }
        self.openssl(&words);
    }

    /// The root, as a verifier has it.
    pub fn root(&self) -> Vec<u8> {
        self.read("root.pem")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A certificate in DER.
    pub fn der(&self, name: &str) -> Vec<u8> {
        self.openssl(&["x509", "-in", &format!("{name}.pem"), "-outform", "DER"])
    }

    /// What `openssl ts` answers, as `TimeStampResp`. `lines` are added to its configuration.
    pub fn reply(&self, request: &[u8], lines: &str) -> Vec<u8> {
        // Both are of one request, as those of tests in parallel would be in each other's way.
        let own = tempfile::tempdir_in(self.dir.path()).unwrap();
        let place = |name: &str| own.path().join(name).to_str().unwrap().to_owned();
        let (query, config) = (place("query"), place("ts.cnf"));
        fs::write(&query, request).unwrap();
        let serial = place("serial");
        fs::write(&serial, "0a01").unwrap();
        fs::write(&config, format!("{TS}serial={serial}\n{lines}\n")).unwrap();
        self.openssl(&["ts", "-reply", "-config", &config, "-queryfile", &query])
    }

    /// A token over a `TSTInfo` by any signer, with `openssl cms`, which does not ask what it is.
    pub fn sign(&self, info: &[u8], signer: &str, options: &[&str]) -> Vec<u8> {
        let own = tempfile::tempdir_in(self.dir.path()).unwrap();
        let file = own.path().join("info").to_str().unwrap().to_owned();
        fs::write(&file, info).unwrap();
        let (certificate, key) = (format!("{signer}.pem"), format!("{signer}.key"));
        let mut words = vec!["cms", "-sign", "-binary", "-nodetach", "-nosmimecap"];
        words.extend(["-md", "sha256", "-in", &file]);
        if !options.contains(&"-econtent_type") {
            words.extend(["-econtent_type", "id-smime-ct-TSTInfo"]);
        }
        words.extend(["-signer", &certificate, "-inkey", &key, "-certfile", "issuer.pem"]);
        words.extend(["-outform", "DER"]);
        words.extend(options);
        self.openssl(&words)
    }

    /// What a token is over: its `TSTInfo`, taken out by openssl.
    pub fn info(&self, token: &[u8]) -> Vec<u8> {
        let own = tempfile::tempdir_in(self.dir.path()).unwrap();
        let file = own.path().join("token").to_str().unwrap().to_owned();
        fs::write(&file, token).unwrap();
        self.openssl(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", &file, "-binary"])
    }

    /// Whether `openssl ts -verify` takes it, a token or a reply, over these bytes.
    pub fn agrees(&self, file: &[u8], is_token: bool, stamped: &[u8]) -> bool {
        let own = tempfile::tempdir_in(self.dir.path()).unwrap();
        let place = |name: &str| own.path().join(name).to_str().unwrap().to_owned();
        let (token, data) = (place("token"), place("data"));
        fs::write(&token, file).unwrap();
        fs::write(&data, stamped).unwrap();
        let mut words = vec!["ts", "-verify", "-in", &token, "-data", &data, "-CAfile", "root.pem"];
        if is_token {
            words.push("-token_in");
        }
        self.command(&words).output().unwrap().status.success()
    }

    /// Whether `openssl cms -verify` takes a token: `openssl ts` knows no RSA-PSS.
    pub fn agrees_on_signature(&self, token: &[u8]) -> bool {
        let own = tempfile::tempdir_in(self.dir.path()).unwrap();
        let file = own.path().join("token").to_str().unwrap().to_owned();
        fs::write(&file, token).unwrap();
        let purpose = ["-purpose", "timestampsign", "-CAfile", "root.pem"];
        let words = [
            &["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", &file][..],
            &purpose,
        ];
        self.command(&words.concat()).output().unwrap().status.success()
    }

    fn openssl(&self, words: &[&str]) -> Vec<u8> {
        let output = self.command(words).output().expect("openssl is there");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {words:?}: {said}");
        output.stdout
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(words).current_dir(self.dir.path()).stdin(Stdio::null());
        // The system's own configuration is not ours.
        command.env("OPENSSL_CONF", Path::new("/dev/null"));
        command
    }
}

const CA: &str = "\
[ca]
default_ca = own
[own]
database = index
serial = number
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
";

const TS: &str = "\
[tsa]
default_tsa = own
[own]
crypto_device = builtin
signer_cert = good.pem
signer_key = good.key
signer_digest = sha256
certs = chain.pem
default_policy = 1.2.3.4.1
digests = sha256
";
