//! A ledger in a PostgreSQL database instead of a data directory, for the commands of whoever runs it.

use std::{
    env, fmt,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use zeroize::Zeroizing;

use crate::{
    Error, keyfile,
    store::postgres::server::{
        Access, Server,
        address::{Address, has_password},
    },
};

/// The variable that may hold a URL with a password in it.
const URL_VARIABLE: &str = "PROBANT_STORE";
const PASSWORD_VARIABLE: &str = "PROBANT_STORE_PASSWORD";
/// Longest file that is read for a password.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// The database, as arguments.
#[derive(Clone, Default)]
pub struct Database {
    place: Place,
    /// Whether the URL is an argument, which everybody on this machine can read, and not a variable.
    in_argument: bool,
}

#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "In a database")]
struct Place {
    /// URL of a PostgreSQL database, `postgres://user@host/database`, in the place of a data directory
    #[arg(long, value_name = "URL", env = URL_VARIABLE, hide_env_values = true)]
    store: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
}

/// What the URL does not say.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Credentials {
    /// Certificates that the database must show one of, as PEM; else those of this machine
    #[arg(long, value_name = "FILE")]
    store_ca: Option<PathBuf>,
    /// File that holds the password, readable by its owner alone; or set `PROBANT_STORE_PASSWORD`
    #[arg(long, value_name = "FILE")]
    store_password_file: Option<PathBuf>,
}

impl Args for Database {
    fn augment_args(command: Command) -> Command {
        Place::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Place::augment_args_for_update(command)
    }
}

/// With where the URL came from, which the derived code does not keep.
impl FromArgMatches for Database {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let in_argument = matches.value_source("store") == Some(ValueSource::CommandLine);
        Ok(Self { place: Place::from_arg_matches(matches)?, in_argument })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The URL may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("store", &self.name()).finish_non_exhaustive()
    }
}

impl Database {
    /// Connections to it, if there is one.
    ///
    /// # Errors
    /// [`Error::Input`] for a URL, a password or certificates that cannot be used.
    pub fn server(&self, access: Access) -> Result<Option<Server>, Error> {
        let Some(url) = &self.place.store else { return Ok(None) };
        if self.in_argument {
            return self.at(url, access).map(Some);
        }
        self.place.credentials.connect(url, access).map(Some)
    }

    /// Connections to the one at a URL that another argument names.
    ///
    /// # Errors
    /// Those of [`Database::server`].
    pub fn at(&self, url: &str, access: Access) -> Result<Server, Error> {
        self.place.credentials.server(url, access)
    }

    /// Whether `--store` is given, whatever the environment says.
    pub fn is_argument(&self) -> bool {
        self.in_argument
    }

    /// Where it is, for people; none where the ledger is in a directory.
    pub fn name(&self) -> Option<String> {
        self.place.store.as_deref().map(shown)
    }
}

impl Credentials {
    /// Connections to the database at a URL that is an argument.
    ///
    /// # Errors
    /// Those of [`Database::server`].
    pub fn server(&self, url: &str, access: Access) -> Result<Server, Error> {
        // The variable may hold the same, as in `audit $PROBANT_STORE`: it is seen all the same.
        if has_password(url) {
            return Err(Error::input(format!(
                "a password on the command line is seen by everybody on this machine: put it into \
                 {PASSWORD_VARIABLE} or into a file for --store-password-file"
            )));
        }
        self.connect(url, access)
    }

    fn connect(&self, url: &str, access: Access) -> Result<Server, Error> {
        let password = self.password()?;
        let address = Address::new(url, password.as_ref(), self.store_ca.as_deref())?;
        Ok(Server::connect(&address, access)?)
    }

    fn password(&self) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(path) = &self.store_password_file else {
            let password = env::var(PASSWORD_VARIABLE).ok().filter(|held| !held.is_empty());
            return Ok(password.map(Zeroizing::new));
        };
        read(path).map(Some)
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    keyfile::check_permissions(path, &file)?;
    let mut password = Zeroizing::new(String::new());
    file.take(PASSWORD_BYTES_MAX).read_to_string(&mut password).map_err(Error::file(path))?;
    Ok(Zeroizing::new(password.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A URL without what follows the name of the user, and without its options: either may be a password,
/// with an @ in it.
pub fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (before, after) = rest.split_once('@').unwrap_or(("", rest));
    let user = before.split([':', '/', '?']).next().unwrap_or_default();
    let place = after.split('?').next().and_then(|place| place.rsplit('@').next());
    let place = place.unwrap_or_default();
    if user.is_empty() {
        format!("{scheme}://{place}")
    } else {
        format!("{scheme}://{user}@{place}")
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_password_is_taken_from_where_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, "correct horse\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(*read(&path).unwrap(), "correct horse");
        let credentials = Credentials::default();
        let told = credentials.server("postgres://p:secret@localhost/l", Access::Read);
        let told = told.err().unwrap().to_string();
        assert!(told.contains("--store-password-file") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn what_is_shown_of_a_url_is_no_secret() {
        for (url, seen) in [
            ("postgres://p:a@b:1@db.example:5433/l?password=x", "postgres://p@db.example:5433/l"),
            ("postgres://p@db.example/l?password=a@b", "postgres://p@db.example/l"),
            ("postgres://p:a?b@db.example/l", "postgres://p@db.example/l"),
            ("postgres://db.example/l", "postgres://db.example/l"),
            ("postgresql://p@%2Frun/l?options=-c", "postgresql://p@%2Frun/l"),
        ] {
            assert_eq!(shown(url), seen);
        }
    }
}
