// Package strictjson reads one JSON value and refuses what encoding/json lets
// pass: a name given twice, anything after the value, invalid UTF-8, NUL
// characters, and nesting or numbers without bound. The API and the connectors
// read what comes from outside with it, so that both name a mistake by the same
// pointer and code. Which names an object may have is for the reader of the
// value to say; letter case counts.
//
//	value, wrong, err := strictjson.Read(body, strictjson.Limits{Depth: 32, Values: 20_000})
//	// wrong: "/items/3/barcode" is given twice
//
// It belongs to the vocabulary: it knows broker's errors and nothing else.
package strictjson
