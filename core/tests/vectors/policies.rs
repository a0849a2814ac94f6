//! Trust policies (format.md 8.6), and what cosigned heads are worth by them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::{cosignature::Cosigner, ml_dsa as ml_dsa_44};

use crate::{
    checkpoints::checkpoint,
    ledger::ORIGIN,
    notes::{WITNESSED_S, cosigned, ed25519, ledger_key, ml_dsa, vkey},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [policies(), strange_lines(), strange_groups(), heads(), times(), logs(), strange_heads()]
        .concat()
}

/// The ledger and witnesses 1 to 4, of which 3 and 4 sign with ML-DSA-44.
fn parties() -> String {
    let witness = |(name, one): (&str, Cosigner)| format!("witness {name} {}\n", vkey(&one));
    let all = [("A", ed25519(1)), ("B", ed25519(2)), ("C", ml_dsa(3)), ("D", ml_dsa(4))];
    format!("log {}\n{}", ledger_key(), all.map(witness).concat())
}

/// A log of another origin.
fn another_log() -> Cosigner {
    Cosigner::ml_dsa("petit.example", ml_dsa_44::SigningKey::from_seed(&[190; 32])).unwrap()
}

/// The ledger's name, and a key of the other kind.
fn log_of_ml_dsa() -> Cosigner {
    Cosigner::ml_dsa(ORIGIN, ml_dsa_44::SigningKey::from_seed(&[191; 32])).unwrap()
}

fn two_of_three() -> String {
    parties() + "group G 2 A B C\nquorum G\n"
}

fn two_levels() -> String {
    parties() + "group X any A B\ngroup Y all C D\ngroup Z all X Y\nquorum Z\n"
}

fn policies() -> Vec<Vector> {
    let policy = |name: &str, text: String, logs: u8, witnesses: u8| {
        good(format!("policy_{name}"), text).with("logs", logs).with("witnesses", witnesses)
    };
    let (log, one) = (ledger_key(), vkey(&ed25519(1)));
    let many = (1..=32).map(|number| format!("witness w{number} {}\n", vkey(&ed25519(number))));
    let members = (1..=32).map(|number| format!(" w{number}")).collect::<Vec<_>>().concat();
    let groups = (1..=32).map(|number| format!("group g{number} any w{number}\n"));
    vec![
        policy("two_of_three", two_of_three(), 1, 4),
        policy("of_two_levels", two_levels(), 1, 4),
        policy("of_one_witness", parties() + "quorum A\n", 1, 4),
        policy("of_no_witness", parties() + "quorum none\n", 1, 4),
        policy("of_no_quorum_and_nobody", "quorum none\n".into(), 0, 0),
        policy("of_witnesses_only", format!("witness A {one}\nquorum A\n"), 0, 1),
        policy(
            "with_blanks_comments_and_urls",
            format!(
                "# a comment, h\u{f4}tel\n\n \t\n\t log\t{log}  https://ledger.example/ \n\
                 witness \u{e9}t\u{e9} {one} https://witness1.example/\n # one more\nquorum \u{e9}t\u{e9}"
            ) + "\n",
            1,
            1,
        ),
        policy("of_another_log", format!("log {}\nquorum none\n", vkey(&another_log())), 1, 0),
        policy(
            "of_two_logs",
            format!("log {log}\nlog {}\nquorum none\n", vkey(&another_log())),
            2,
            0,
        ),
        policy(
            "of_a_log_of_ml_dsa_44",
            format!("log {}\nquorum none\n", vkey(&log_of_ml_dsa())),
            1,
            0,
        ),
        policy(
            "with_a_witness_after_its_quorum",
            format!("witness A {one}\nquorum A\nwitness B {}\n", vkey(&ed25519(2))),
            0,
            2,
        ),
        policy(
            "of_32_witnesses_and_groups",
            {
                many.chain(groups).collect::<String>()
                    + "group all 17"
                    + &members.replace('w', "g")
                    + "\nquorum all\n"
            },
            0,
            32,
        ),
    ]
}

fn bad(name: &str, line: u64, text: impl AsRef<[u8]>) -> Vector {
    refused(format!("policy_{name}"), "trust-policy", text).with("line", line)
}

fn strange_lines() -> Vec<Vector> {
    let (log, one) = (ledger_key(), vkey(&ed25519(1)));
    let same = Cosigner::ed25519("other.example", crate::ledger::key(171)).unwrap();
    let of_the_log = Cosigner::ed25519("other.example", crate::ledger::key(2)).unwrap();
    let not_utf8 = [b"witness A ".as_slice(), &[0xff], b"\nquorum A\n"].concat();
    vec![
        bad("empty", 1, ""),
        bad("without_quorum", 5, parties()),
        bad("with_two_quorums", 7, parties() + "quorum A\nquorum A\n"),
        bad("of_an_unknown_word", 1, "monitor A\nquorum none\n"),
        bad("of_a_word_in_upper_case", 1, "QUORUM none\n"),
        bad("without_final_newline", 2, format!("witness A {one}\nquorum A")),
        bad("with_a_carriage_return", 1, "quorum none\r\n"),
        bad("with_a_nul_in_a_comment", 2, "quorum none\n# \0\n"),
        bad("with_a_del", 1, "# \u{7f}\nquorum none\n"),
        bad("with_a_wide_blank", 1, "quorum\u{3000}none\n"),
        bad("with_a_comment_at_the_end_of_a_line", 1, "quorum none # nobody\n"),
        bad("with_a_log_without_key", 1, "log\nquorum none\n"),
        bad("with_a_log_of_four_items", 1, format!("log {log} url more\nquorum none\n")),
        bad("with_a_witness_without_name", 1, format!("witness {one}\nquorum none\n")),
        bad("with_a_witness_of_five_items", 1, format!("witness A {one} u m\nquorum A\n")),
        bad("with_a_quorum_of_two", 6, parties() + "quorum A B\n"),
        bad("with_a_log_that_is_a_witness", 1, format!("log {one}\nquorum none\n")),
        bad("with_a_witness_that_is_a_log", 1, format!("witness A {log}\nquorum A\n")),
        bad("with_a_bad_key", 1, format!("witness A {}\nquorum A\n", one.replace('1', "2"))),
        bad("with_a_key_that_is_not_utf_8", 1, not_utf8),
        bad("with_a_log_twice", 2, format!("log {log}\nlog {log}\nquorum none\n")),
        bad("with_a_key_twice_under_two_names", 2, {
            format!("witness A {one}\nwitness B {}\nquorum none\n", vkey(&same))
        }),
        bad("with_the_key_of_the_log_as_a_witness", 2, {
            format!("log {log}\nwitness A {}\nquorum A\n", vkey(&of_the_log))
        })
        .why("C2SP does not say so: a log is no witness of itself"),
    ]
}

fn strange_groups() -> Vec<Vector> {
    let with = |name: &str, lines: &str| bad(name, 6, parties() + lines + "quorum A\n");
    let two = vkey(&ed25519(5));
    vec![
        with("with_a_group_of_none", "group G any\n"),
        with("with_a_group_without_threshold", "group G\n"),
        with("with_a_threshold_of_0", "group G 0 A B\n"),
        with("with_a_threshold_above_its_members", "group G 3 A B\n"),
        with("with_a_threshold_with_a_leading_zero", "group G 01 A B\n"),
        with("with_a_threshold_with_a_plus", "group G +1 A B\n"),
        with("with_a_threshold_in_upper_case", "group G ALL A B\n"),
        with("with_an_unknown_member", "group G all A E\n"),
        with("with_a_group_of_itself", "group G all A G\n"),
        with("with_none_as_a_member", "group G all none\n"),
        with("with_a_member_twice", "group G all A A\n"),
        with("with_a_group_named_none", "group none all A\n"),
        with("with_a_group_named_as_a_witness", "group A all B\n"),
        with("with_a_witness_named_twice", &format!("witness A {two}\n")),
        with("with_a_witness_named_none", &format!("witness none {two}\n")),
        bad("with_a_member_of_two_groups", 7, {
            parties() + "group G all A\ngroup H all A\nquorum G\n"
        }),
        bad("with_a_quorum_of_a_later_witness", 1, {
            format!("quorum A\nwitness A {}\n", vkey(&ed25519(1)))
        }),
        bad("with_an_unknown_quorum", 6, parties() + "quorum E\n"),
    ]
}

/// Lines by witnesses of the policies, each so many seconds after [`WITNESSED_S`].
fn head(by: &[(Cosigner, u64)]) -> String {
    cosigned(by.iter().map(|(one, after_s)| one.cosign(&checkpoint(), WITNESSED_S + after_s)))
}

/// By witnesses 1 to 4, in that order.
fn by(numbers: &[(u8, u64)]) -> String {
    let one =
        |&(number, after_s)| (if number < 3 { ed25519(number) } else { ml_dsa(number) }, after_s);
    head(&numbers.iter().map(one).collect::<Vec<_>>())
}

fn judged(name: &str, policy: &str, note: String, quorum: bool) -> Vector {
    good(format!("cosigned_{name}"), note)
        .with("policy", format!("policy_{policy}"))
        .with("quorum", if quorum { "reached" } else { "missing" })
}

fn heads() -> Vec<Vector> {
    let of = |name, numbers: &[u8], quorum| {
        let numbers: Vec<_> = numbers.iter().map(|number| (*number, 0)).collect();
        judged(name, "of_two_levels", by(&numbers), quorum)
    };
    vec![
        judged("by_two_of_three", "two_of_three", by(&[(1, 0), (3, 0)]), true),
        judged("by_one_of_three", "two_of_three", by(&[(1, 0)]), false),
        judged("by_one_of_three_twice", "two_of_three", by(&[(1, 0), (1, 1)]), false)
            .why("a witness counts once"),
        judged(
            "by_one_of_three_and_one_that_does_not_count",
            "two_of_three",
            by(&[(1, 0), (4, 0)]),
            false,
        ),
        judged("by_nobody_where_two_are_wanted", "two_of_three", by(&[]), false),
        judged(
            "by_strangers_only",
            "two_of_three",
            head(&[(ed25519(8), 0), (ml_dsa(9), 0)]),
            false,
        ),
        judged("by_nobody_where_nobody_is_wanted", "of_no_witness", by(&[]), true),
        of("by_one_of_each_level", &[1, 3], false),
        of("by_one_and_all", &[2, 3, 4], true),
        of("by_all", &[1, 2, 3, 4], true),
        of("by_all_of_one_level", &[3, 4], false),
    ]
}

fn times() -> Vec<Vector> {
    let bounds = |vector: Vector, not_after: Option<u64>, not_before: Option<u64>| {
        let text =
            |time: Option<u64>| time.map_or("none".into(), |s| (WITNESSED_S + s).to_string());
        vector.with("notafter", text(not_after)).with("notbefore", text(not_before))
    };
    let of = |name: &str, numbers: &[(u8, u64)]| judged(name, "two_of_three", by(numbers), true);
    vec![
        bounds(of("at_three_times", &[(1, 30), (2, 10), (3, 20)]), Some(20), Some(20))
            .why("one of the first two, and one of the last two, is honest"),
        bounds(of("at_two_times", &[(1, 30), (2, 10)]), Some(30), Some(10)),
        bounds(of("at_one_time", &[(1, 0), (2, 0)]), Some(0), Some(0)),
        bounds(of("again_later", &[(1, 0), (2, 0), (1, 60), (2, 50)]), Some(0), Some(50)),
        bounds(judged("at_times_of_too_few", "two_of_three", by(&[(1, 0)]), false), None, None),
        bounds(
            judged("at_a_time_that_nobody_asks", "of_no_witness", by(&[(1, 0)]), true),
            None,
            None,
        )
        .why("no witness is believed, so none says when"),
        bounds(
            judged(
                "at_no_time",
                "two_of_three",
                cosigned([ed25519(1), ml_dsa(3)].map(|one| one.cosign(&checkpoint(), 0))),
                true,
            ),
            None,
            None,
        ),
        bounds(at_times("one_of_two_at_no_time", &[(1, 10), (3, NO_TIME)]), None, None)
            .why("those that say a time are no quorum by themselves"),
        bounds(
            at_times("one_of_three_at_no_time", &[(1, 10), (2, NO_TIME), (3, 20)]),
            Some(20),
            Some(10),
        )
        .why("who says no time counts for the quorum only"),
        bounds(
            at_times("at_no_time_and_at_a_time", &[(1, NO_TIME), (3, 20), (1, 10)]),
            Some(20),
            Some(10),
        ),
    ]
}

/// As [`by`], of two of three; [`NO_TIME`] says none.
fn at_times(name: &str, numbers: &[(u8, u64)]) -> Vector {
    let line = |&(number, after_s): &(u8, u64)| {
        let one = if number < 3 { ed25519(number) } else { ml_dsa(number) };
        let time_s = if after_s == NO_TIME { 0 } else { WITNESSED_S + after_s };
        one.cosign(&checkpoint(), time_s)
    };
    judged(name, "two_of_three", cosigned(numbers.iter().map(line)), true)
}

const NO_TIME: u64 = u64::MAX;

/// Which logs count.
fn logs() -> Vec<Vector> {
    let by = |log: Cosigner| head(&[(log, 0)]);
    let bad = |log: Cosigner| {
        let note = by(log);
        let (before, blob) = note.trim_end().rsplit_once(' ').unwrap();
        let mut bytes = STANDARD.decode(blob).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        format!("{before} {}\n", STANDARD.encode(bytes))
    };
    let without_ours = |note: String| {
        let (text, lines) = note.split_once("\n\n").unwrap();
        format!("{text}\n\n{}", lines.split_once('\n').unwrap().1)
    };
    vec![
        judged("by_a_log_of_two", "of_two_logs", cosigned([]), true),
        judged("by_a_log_of_ml_dsa_44", "of_a_log_of_ml_dsa_44", by(log_of_ml_dsa()), true),
        judged(
            "with_a_bad_line_of_a_log_of_another_origin",
            "of_two_logs",
            bad(another_log()),
            true,
        )
        .why("it is no log of this origin, so its line is nobody's"),
        refused("cosigned_by_a_log_of_another_origin", "signature", by(another_log()))
            .with("policy", "policy_of_another_log"),
        refused("cosigned_by_a_log_of_two_of_another_origin", "signature", {
            without_ours(by(another_log()))
        })
        .with("policy", "policy_of_two_logs"),
        refused("cosigned_by_a_log_that_the_policy_does_not_list", "signature", cosigned([]))
            .with("policy", "policy_of_a_log_of_ml_dsa_44"),
    ]
}

fn strange_heads() -> Vec<Vector> {
    let refused = |name: &str, code: &str, note: String| {
        refused(format!("cosigned_{name}"), code, note).with("policy", "policy_two_of_three")
    };
    let spoil = |note: String| {
        let (before, after) = note.split_at(note.len() - 20);
        before.to_owned() + &after.replacen(|c: char| c.is_ascii_lowercase(), "A", 1)
    };
    let without_log = |note: String| {
        let (text, lines) = note.split_once("\n\n").unwrap();
        format!("{text}\n\n{}", lines.split_once('\n').unwrap().1)
    };
    vec![
        refused("by_no_log", "signature", without_log(by(&[(1, 0), (2, 0)]))),
        refused("with_a_bad_line_of_a_witness", "signature", spoil(by(&[(1, 0), (2, 0)]))),
        refused("with_a_bad_line_of_a_witness_that_does_not_count", "signature", {
            spoil(by(&[(1, 0), (2, 0), (4, 0)]))
        }),
        refused("of_another_origin", "signature", {
            by(&[(1, 0), (2, 0)]).replace(ORIGIN, "petit.example")
        }),
        refused("with_an_extension_line", "checkpoint", by(&[]).replacen("\n\n", "\nextra\n\n", 1)),
    ]
}
