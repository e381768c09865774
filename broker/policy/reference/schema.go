package reference

import (
	"maps"
	"slices"

	"afield/broker/policy/rule"
)

// Schema is a JSON Schema (draft 2020-12) of a policy document, for editors. What
// it cannot say, such as which condition is the more specific, afield policy check
// says.
func Schema() (map[string]any, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	known := map[string]any{}
	for _, one := range all {
		known[one.ID] = entries(one)
	}
	text := map[string]any{"type": "string"}
	words := map[string]any{"type": "array", "items": text}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Afield policy",
		"type":    "object", "additionalProperties": false, "required": []string{"policy", "title", "document"},
		"properties": map[string]any{
			"policy": text, "title": text, "document": text, "inherits": text, "place": text, "zone": text, "currency": text,
			"level":      map[string]any{"enum": []string{"state", "consortium", "library", "branch"}},
			"classes":    words,
			"items":      words,
			"attributes": map[string]any{"type": "object", "additionalProperties": false, "properties": known},
		},
		"$defs": map[string]any{
			"amount": map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]{1,3})?$`},
			"clause": map[string]any{
				"type": "object", "additionalProperties": false, "required": []string{"section", "says"},
				"properties": map[string]any{"document": text, "section": text, "says": text, "silent": map[string]any{"type": "boolean"}},
			},
			"roles": Shape{Is: List, Of: &Shape{Is: Text, Words: []string{"desk", "ill", "director"}}, None: true}.schema(),
		},
	}, nil
}

// entries is one entry of an attribute, or a list of them.
func entries(one Attribute) map[string]any {
	properties := map[string]any{
		"value": one.Value.schema(), "clause": map[string]any{"$ref": "#/$defs/clause"},
		"override": map[string]any{"$ref": "#/$defs/roles"}, "final": map[string]any{"type": "boolean"},
	}
	if len(one.When) > 0 {
		facts := map[string]any{}
		for _, fact := range one.When {
			facts[string(fact)] = factSchema(fact)
		}
		properties["when"] = map[string]any{"type": "object", "additionalProperties": false, "properties": facts}
	}
	entry := map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"value", "clause"}, "properties": properties,
	}
	return map[string]any{"description": one.Says, "oneOf": []any{entry, map[string]any{"type": "array", "items": entry}}}
}

func factSchema(fact rule.Fact) map[string]any {
	if fact == rule.FactPatronAge {
		number := map[string]any{"type": "integer", "minimum": 0}
		return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{"from": number, "under": number}}
	}
	word := map[string]any{"type": "string"}
	return map[string]any{"oneOf": []any{word, map[string]any{"type": "array", "items": word}}}
}

// schema is a value as JSON Schema has it.
func (s Shape) schema() map[string]any {
	schema := map[string]any{}
	switch s.Is {
	case Number:
		schema["type"] = "integer"
	case Amount:
		schema["$ref"] = "#/$defs/amount"
	case YesNo:
		schema["type"] = "boolean"
	case Text:
		schema["type"] = "string"
		if len(s.Words) > 0 {
			schema["enum"] = s.Words
		}
	case List:
		schema["type"], schema["items"] = "array", s.Of.schema()
	case Keys:
		properties := map[string]any{}
		required := map[string]bool{}
		for _, key := range s.Keys {
			one := key.Shape.schema()
			one["description"] = key.Says
			properties[key.Name] = one
			if !key.May {
				required[key.Name] = true
			}
		}
		schema["type"], schema["additionalProperties"], schema["properties"] = "object", false, properties
		if len(required) > 0 {
			schema["required"] = slices.Sorted(maps.Keys(required))
		}
	}
	var other []any
	if s.None {
		other = append(other, map[string]any{"const": "none"})
	}
	if s.All {
		other = append(other, map[string]any{"const": "all"})
	}
	if len(other) == 0 {
		return schema
	}
	return map[string]any{"anyOf": append(other, schema)}
}
