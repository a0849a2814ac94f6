//! A bucket of an object store that speaks S3. An object is there whole or not at all, and durable once
//! the store says so. Region, endpoint and credentials come from the variables that other programs
//! use for it, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Attribute, Attributes, Error as Failed, ObjectStore as _, ObjectStoreExt as _, PutOptions,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use tokio::runtime::Runtime;

use super::{FILE_BYTES_MAX, File, Place, direct::Direct};
use crate::{Error, transport};

/// How the URL of a bucket begins.
pub const SCHEME: &str = "s3://";
/// Objects on their way at once.
const AT_ONCE: usize = 16;
/// What whoever serves them says: for good, or ask again.
const FINAL: &str = "public, max-age=31536000, immutable";
const MOVES: &str = "no-cache";

/// Objects of a bucket below a prefix.
pub struct Objects {
    runtime: Runtime,
    bucket: AmazonS3,
    prefix: String,
    name: String,
}

impl Objects {
    /// The bucket and prefix of a URL, `s3://bucket/prefix`.
    ///
    /// # Errors
    /// [`Error::Input`] for another URL, or settings that cannot be used.
    pub fn open(url: &str) -> Result<Self, Error> {
        let rest = url.strip_prefix(SCHEME).unwrap_or_default().trim_end_matches('/');
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || prefix.split('/').any(|part| part == "." || part == "..") {
            return Err(Error::input(format!("{url:?} is no s3://bucket/prefix")));
        }
        transport::choose_provider();
        let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        let built = builder.with_http_connector(Direct).build();
        let bucket = built.map_err(|why| Error::input(format!("{url}: {why}")))?;
        let runtime = transport::runtime()?;
        let name = url.trim_end_matches('/').to_owned();
        Ok(Self { runtime, bucket, prefix: prefix.to_owned(), name })
    }

    fn path(&self, path: &str) -> Path {
        Path::from(format!("{}/{path}", self.prefix))
    }

    /// Where it is out of reach the store has been asked again, many times.
    fn failed(&self, path: &str, why: &Failed) -> Error {
        Error::busy(format!("{}/{path}: {why}", self.name))
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let found = match self.bucket.get(&self.path(path)).await {
            Ok(found) => found,
            Err(Failed::NotFound { .. }) => return Ok(None),
            Err(why) => return Err(self.failed(path, &why)),
        };
        if found.meta.size > FILE_BYTES_MAX as u64 {
            let why = format!("{}/{path}: longer than {FILE_BYTES_MAX} bytes", self.name);
            return Err(Error::Stop(why));
        }
        let bytes = found.bytes().await.map_err(|why| self.failed(path, &why))?;
        Ok(Some(bytes.into()))
    }

    async fn write(&self, file: File) -> Result<(), Error> {
        let kind = if file.path == "checkpoint" {
            "text/plain; charset=utf-8"
        } else {
            "application/octet-stream"
        };
        let cached = if file.is_final { FINAL } else { MOVES };
        let attributes = [(Attribute::ContentType, kind), (Attribute::CacheControl, cached)];
        let attributes = attributes.into_iter().collect::<Attributes>();
        let options = PutOptions { attributes, ..PutOptions::default() };
        let put = self.bucket.put_opts(&self.path(&file.path), file.bytes.into(), options).await;
        put.map(drop).map_err(|why| self.failed(&file.path, &why))
    }
}

impl Place for Objects {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.runtime.block_on(self.read(path))
    }

    fn put(&self, files: Vec<File>) -> Result<(), Error> {
        let writes = files.into_iter().map(|file| self.write(file));
        self.runtime.block_on(stream::iter(writes).buffer_unordered(AT_ONCE).try_collect())
    }
}
