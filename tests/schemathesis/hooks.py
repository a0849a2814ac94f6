"""How schemathesis sends the bodies of ours that are neither JSON nor plain bytes."""

import schemathesis

schemathesis.serializer.alias("application/cose", "application/octet-stream")
