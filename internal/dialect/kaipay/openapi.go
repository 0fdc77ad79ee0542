package kaipay

import _ "embed"

// OpenAPI is the contract as an OpenAPI 3.1 document in YAML. The exam holds every transcript against it.
//
//go:embed openapi.yaml
var OpenAPI []byte
