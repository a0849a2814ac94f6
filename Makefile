# Two commands need nothing but this checkout: `make demo` and `make test`.

.PHONY: demo test test-setup lint js vectors bench clean

## demo: the main job, on the embedded default: certify the sample bills, verify, audit, serve
demo:
	@demo/run

## test: everything, installing what it needs
test: test-setup lint js
	cargo test --workspace --locked

## test-setup: what the tests need beside Rust: Debian packages, Python, Go and npm ones
test-setup:
	tests/setup

## lint: formats, lints, documentation, licences
lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --no-default-features --lib --examples --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
	tests/deny

## js: the verifier in JavaScript against every vector, and its hashes against others
js: test-setup
	cd js && npm test --silent

## vectors: write tests/vectors anew, after a change of the format
vectors:
	PROBANT_VECTORS=write cargo test -p probant-core --test vectors

## bench: the figures of docs/performance.md
bench:
	cargo bench --workspace --locked

## clean: what the commands above made, and what was tried by hand
clean:
	rm -rf target .demo .trial js/node_modules tests/browser/node_modules
