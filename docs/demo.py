#!/usr/bin/env python3
"""Draws docs/demo.svg from what `probant` really prints: `PATH=target/release:$PATH docs/demo.py`."""
import html, os, pathlib, re, shutil, subprocess, tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIM, KEY, GOOD, BAD, TEXT = "#8b949e", "#79c0ff", "#56d364", "#ff7b72", "#e6edf3"
CHAR, LINE, PAD, SIZE = 7.25, 18, 16, 12


def main():
    with tempfile.TemporaryDirectory() as dir:
        os.chdir(dir)
        draw(HERE / "demo.svg", play())


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.splitlines()


def play():
    """Sets a ledger up unseen, then the lines to show."""
    pathlib.Path("bills").mkdir()
    for bill in (HERE.parent / "samples").glob("*.pdf"):
        shutil.copy(bill, "bills")
    run("probant", "init", "--origin", "ledger.example")
    serve = ["probant", "serve", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = server.stdout.readline().split()
        os.environ.update(PROBANT_LEDGER=ready[-1], PROBANT_IDENTITY=ready[0])
        run("probant", "key", "new", "energie.pem")
        run("probant", "issuer", "enroll", "--id", "energie.example", "--legal-name",
            "Énergie du Ponant", "--country", "FR", "--registration", "123456789",
            "--issuer-key", "energie.pem", "--operator-key", "ledger-keys/operator.pem")
        shown = []
        show(shown, "probant certify bills --issuer energie.example --key energie.pem", 1)
        show(shown, "probant verify bills/facture-electricite.pdf", 7)
        bill = bytearray(pathlib.Path("bills/facture-electricite.pdf").read_bytes())
        bill[5000] ^= 1
        pathlib.Path("forged.pdf").write_bytes(bill)
        show(shown, "probant verify forged.pdf    # one byte altered", 2)
        show(shown, "probant revoke bills/facture-telecom.pdf --reason issued-in-error"
             " --issuer energie.example --key energie.pem", 1)
        show(shown, "probant verify bills/facture-telecom.pdf", 6)
        show(shown, "probant audit ledger-data", 2)
        return shown
    finally:
        server.terminate()
        server.wait()


def show(shown, command, count):
    lines = [line for line in run(*command.split("#")[0].split()) if line.strip()]
    shown += [("$ " + command, "command")]
    shown += [(line, "") for line in lines[:count] if not line.startswith("AUDIT")]
    shown += [("", "")]


def color(line, kind):
    if kind == "command":
        return KEY
    for start, color in [("certified", GOOD), ("WHOLE", GOOD), ("unknown", BAD),
                         ("revoked", BAD)]:
        if line.startswith(start):
            return color
    return TEXT if re.match(r"\d+ (certified|revoked)|  (by|when) ", line) else DIM


def draw(path, lines):
    lines = lines[:-1]
    width = round(max(len(line) for line, _ in lines) * CHAR + 2 * PAD)
    height = len(lines) * LINE + 2 * PAD
    rows = "".join(
        f'<text x="{PAD}" y="{PAD + LINE * at + SIZE}" fill="{color(line, kind)}">'
        f"{html.escape(line)}</text>\n"
        for at, (line, kind) in enumerate(lines) if line)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" '
        f'font-size="{SIZE}" xml:space="preserve">\n'
        f'<title>probant: a certified bill, a forged one, a revoked one, an audit</title>\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117" stroke="#30363d"/>\n'
        f"{rows}</svg>\n")


main()
