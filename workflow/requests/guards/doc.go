// Package guards holds the conditions the tables name. Each looks at the facts of
// a request and changes nothing.
package guards
