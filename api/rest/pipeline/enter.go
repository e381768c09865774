package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/strictjson"
)

// Entry is how a page calls an operation of the contract: as the visitor who is
// signed in there, past the same roles, the same check of every field, and with the
// same idempotency key as a program.
type Entry struct {
	// Operation is the operationId.
	Operation string
	Principal access.Principal
	// Key is the Idempotency-Key of the form, or "".
	Key string
	// Request is the generated request object: path parameters, Params and Body.
	Request any
}

// Enter admits the visitor to an operation and gives the context to call it with.
// The error is the one a program would get.
func (p *Pipeline) Enter(ctx context.Context, entry Entry) (context.Context, error) {
	op, known := p.contract.operations[entry.Operation]
	if !known {
		return nil, fmt.Errorf("pipeline: there is no operation %q", entry.Operation)
	}
	if err := op.callers.admit(entry.Principal); err != nil {
		return nil, err
	}
	before := callOf(ctx)
	this := &call{id: before.id, address: before.address, operation: op.id, principal: entry.Principal, key: entry.Key}
	text, err := json.Marshal(entry.Request)
	if err != nil {
		return nil, fmt.Errorf("pipeline: read a request of %s: %w", op.id, err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("pipeline: read a request of %s: %w", op.id, err)
	}
	if wrong := op.checkParts(parts); len(wrong) > 0 {
		return nil, broker.Invalid(wrong[:min(len(wrong), strictjson.MostErrors)]...)
	}
	if entry.Key != "" {
		this.route = strings.Join([]string{"PAGE", op.id, string(parts["id"]), string(parts["action"])}, " ")
		this.bodyHash = p.base.cursors.bodyHash(slices.Concat(parts["Body"], parts["Params"]))
	}
	return withCall(ctx, this), nil
}

// checkParts holds a request object against the contract: its query parameters and
// its body. Path parameters are typed already.
func (op *operation) checkParts(parts map[string]json.RawMessage) []broker.FieldError {
	var wrong []broker.FieldError
	var given map[string]any
	_ = json.Unmarshal(parts["Params"], &given) // we wrote it a line above; absent means none
	for _, parameter := range op.parameters {
		value, is := given[parameter.Name]
		if parameter.In != openapi3.ParameterInQuery || !is {
			continue
		}
		fields := schemaErrors(parameter.Schema.Value.VisitJSON(value, append(schemaOptions(), openapi3.MultiErrors())...))
		for i := range fields {
			fields[i].Pointer = "query:" + parameter.Name
		}
		wrong = append(wrong, fields...)
	}
	body := parts["Body"]
	if op.spec.RequestBody == nil || op.takesFile() || len(body) == 0 || string(body) == "null" {
		return wrong
	}
	value, fields, err := strictjson.Read(body, limits)
	if ours, is := broker.AsError(err); is {
		fields = ours.Fields
	}
	if len(fields) > 0 {
		return append(wrong, fields...)
	}
	schema := op.spec.RequestBody.Value.Content.Get("application/json").Schema.Value
	options := append(schemaOptions(), openapi3.MultiErrors(), openapi3.VisitAsRequest())
	return append(wrong, schemaErrors(schema.VisitJSON(value, options...))...)
}
