//! The kinds of problems: a closed set with stable names, each documented at `/problems/{name}`.

use axum::http::StatusCode;

/// What is said of a kind.
pub struct Facts {
    /// The stable name, which is the end of its type.
    pub name: &'static str,
    pub title: &'static str,
    pub status: StatusCode,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Each kind once: its variant, name, status, title, what it means, what to do.
macro_rules! kinds {
    ($($kind:ident: $name:literal, $status:ident, $title:literal, $meaning:literal, $remedy:literal;)*) => {
        /// What went wrong, by what the client does next.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Kind {
            $($kind,)*
        }

        impl Kind {
            /// All of them, as they are listed.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// All that is said of it.
            pub fn facts(self) -> Facts {
                let (name, status, title, meaning, remedy) = match self {
                    $(Self::$kind => ($name, StatusCode::$status, $title, $meaning, $remedy),)*
                };
                Facts { name, title, status, meaning, remedy }
            }
        }
    };
}

kinds! {
    NotFound: "not-found", NOT_FOUND, "Not Found",
        "What the path names is not on this ledger.",
        "Check what is named. A document without a certification is unknown to this ledger: \
         that does not say that it is forged.";
    NoSuchPath: "no-such-path", NOT_FOUND, "Not Found",
        "The path is none of this service, whatever is on the ledger.",
        "Check the URL: it may be that of another service, of another version, or with a part \
         too much.";
    MethodNotAllowed: "method-not-allowed", METHOD_NOT_ALLOWED, "Method Not Allowed",
        "The path is there, and does not take this method.",
        "Use one of the methods in the header Allow.";
    MalformedPath: "malformed-path", BAD_REQUEST, "Malformed path",
        "A part of the path is not in its one spelling: a number in decimal digits, a \
         fingerprint or a hash in lower-case hex.",
        "Mend the part that the detail names.";
    MalformedBody: "malformed-body", BAD_REQUEST, "Malformed request",
        "The body did not arrive whole, or is not of the form that this path takes.",
        "Mend what the detail names, and send it again.";
    UnsupportedMediaType: "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type",
        "The Content-Type of the body is not one that this path takes.",
        "Send the body with the type that the detail names.";
    Rejected: "rejected", BAD_REQUEST, "Rejected",
        "The rules of the ledger refuse what was sent, and nothing was changed. The member \
         code is a code of docs/format.md 12, and the detail begins with it.",
        "Mend what the detail names. The same bytes are refused again, unless the code \
         says that time or an enrollment mends them.";
    ReadOnly: "read-only", FORBIDDEN, "Read-only",
        "This node of the ledger answers questions and takes no statements.",
        "Send the statement to a node that writes: the operator says where.";
    PrefixTooShort: "prefix-too-short", BAD_REQUEST, "Prefix too short",
        "The fingerprints of more documents begin so than one answer holds.",
        "Ask with one more digit.";
    TooLarge: "too-large", PAYLOAD_TOO_LARGE, "Content Too Large",
        "The body is longer than this path takes.",
        "Send less: the detail names the limit. Of a long document, send its fingerprint.";
    HeadersTooLarge: "headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large",
        "The headers of the request are longer than the ledger reads.",
        "Send fewer or shorter headers: none but the usual ones is needed.";
    Timeout: "timeout", REQUEST_TIMEOUT, "Request Timeout",
        "The request did not arrive whole in time.",
        "Send it again, over a better connection or in smaller parts.";
    RateLimited: "rate-limited", TOO_MANY_REQUESTS, "Too Many Requests",
        "This client asks more often than it may.",
        "Wait as long as Retry-After says. POST /documents asks about 1,000 documents at \
         once.";
    Quota: "quota", TOO_MANY_REQUESTS, "Too Many Requests",
        "This issuer has sent more statements than it may in this time. Nothing was taken.",
        "Wait as long as Retry-After says, and send the same again. One statement certifies \
         up to 65,536 documents.";
    Busy: "busy", SERVICE_UNAVAILABLE, "Try again later",
        "The ledger cannot answer at this moment: look-ups follow the newest block, or \
         statements wait for theirs. Nothing was taken.",
        "Wait as long as Retry-After says, and send the same again.";
    Overloaded: "overloaded", SERVICE_UNAVAILABLE, "Overloaded",
        "More requests are under way than the ledger serves at once. Nothing was taken.",
        "Wait as long as Retry-After says, and send the same again.";
    Stopping: "stopping", SERVICE_UNAVAILABLE, "Stopping",
        "The ledger finishes what it accepted, and takes nothing new. Nothing was taken.",
        "Send the same again once it is back.";
    Stopped: "stopped", INTERNAL_SERVER_ERROR, "The ledger has stopped",
        "The ledger met a failure of its own, whose cause is in its log.",
        "Tell its operator. A statement that was sent may have been kept: send it again \
         later, and it has one receipt.";
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.facts().name == name)
    }

    /// The URI reference that identifies it (RFC 9457, `type`): it is compared as text, and read
    /// behind the URL of the ledger like every other path.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.facts().name)
    }

    pub fn status(self) -> StatusCode {
        self.facts().status
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_one_name_and_says_what_to_do() {
        let names: HashSet<_> = Kind::ALL.iter().map(|kind| kind.facts().name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for &kind in Kind::ALL {
            let facts = kind.facts();
            assert!(facts.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert!(facts.status.is_client_error() || facts.status.is_server_error());
            assert!(facts.meaning.ends_with('.') && facts.remedy.ends_with('.'), "{kind:?}");
            assert_eq!(Kind::named(facts.name), Some(kind));
        }
        assert_eq!(Kind::named("teapot"), None);
    }
}
