package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"afield/broker"
)

// Published is one version of one document. It never changes.
type Published struct {
	Policy string `json:"policy"`
	// Number counts the versions of a document from 1.
	Number int `json:"number"`
	// Effective is the first day it rules.
	Effective broker.Date `json:"effective"`
	Text      []byte      `json:"text"`
}

// Register holds the published versions of every document, oldest first. It is
// a value: publishing gives a new one. Documents never published come from the
// presets.
type Register struct{ published []Published }

// NewRegister makes a register of versions that were published before, as stored.
func NewRegister(published ...Published) Register {
	return Register{published: slices.Clone(published)}
}

// Versions lists the versions of one document, oldest first.
func (r Register) Versions(policy string) []Published {
	var versions []Published
	for _, version := range r.published {
		if version.Policy == policy {
			versions = append(versions, version)
		}
	}
	return versions
}

// unnamed is what a document is called whose name was not read yet.
const unnamed = "policy"

// Readable tells whether a text has the form of a document, whatever stands above it:
// that needs no register, and so no transaction. Errors are those of Parse.
func Readable(text []byte) error {
	_, err := read(unnamed, text)
	return err
}

// Publish adds a version that rules from a day on. It is refused, with kind
// invalid, when the text cannot be read under the versions that then rule above
// it, or would leave a document below it unreadable; with kind conflict when the
// day lies before today (the past is never rewritten) or a version from that day
// on exists already.
func (r Register) Publish(text []byte, effective, today broker.Date) (Register, Published, error) {
	said, err := read(unnamed, text)
	if err != nil {
		return r, Published{}, err
	}
	name := said.Head.Policy
	if effective.Before(today) {
		return r, Published{}, broker.Conflict("policy_in_the_past", "A policy cannot rule from %s on: that day has passed.", effective)
	}
	versions := r.Versions(name)
	for _, version := range versions {
		if version.Effective == effective {
			return r, Published{}, broker.Conflict("policy_already_published", "Version %d of %s rules from %s on already.", version.Number, name, effective)
		}
	}
	if _, err := ParseUnder(name, text, r.textOn(effective)); err != nil {
		return r, Published{}, err
	}
	added := Published{Policy: name, Number: len(versions) + 1, Effective: effective, Text: bytes.Clone(text)}
	next := Register{published: append(slices.Clone(r.published), added)}
	for _, below := range next.published {
		if _, err := next.On(below.Policy, effective); err != nil && below.Policy != name && next.rules(below, effective) {
			return r, Published{}, fmt.Errorf("%s would no longer be readable: %w", below.Policy, err)
		}
	}
	return next, added, nil
}

func (r Register) rules(version Published, on broker.Date) bool {
	current, found := r.versionOn(version.Policy, on)
	return found && current.Number == version.Number
}

// On gives a document as it rules on a day, under the versions of the documents
// above it that rule on that day. A value that a level above made final since
// wins over the document's own.
func (r Register) On(policy string, day broker.Date) (*Document, error) {
	text, err := r.textOn(day)(policy)
	if err != nil {
		return nil, err
	}
	return r.compose(policy, text, day)
}

func (r Register) compose(policy string, text []byte, day broker.Date) (*Document, error) {
	line, err := readLine(policy, text, r.textOn(day))
	if err != nil {
		return nil, err
	}
	document, err := compose(policy, line, false)
	if err != nil {
		return nil, err
	}
	for i := range document.levels {
		if version, found := r.versionOn(document.levels[i].Policy, day); found {
			document.levels[i].Effective = version.Effective
		}
	}
	return document, nil
}

// TextOn finds the text of a document as it rules on a day, for reading others
// under it: the version of that day, else the preset.
func (r Register) TextOn(day broker.Date) func(policy string) ([]byte, error) { return r.textOn(day) }

// Names lists the documents there are, presets and published, sorted.
func (r Register) Names() []string {
	names := Presets()
	for _, version := range r.published {
		names = append(names, version.Policy)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Version gives one version of a document, under the documents above it that
// rule on its first day. Number 0 is the preset, under the presets above it. A
// version that does not exist is a not-found error.
func (r Register) Version(policy string, number int) (*Document, error) {
	if number == 0 {
		return Preset(policy)
	}
	for _, version := range r.Versions(policy) {
		if version.Number == number {
			return r.compose(policy, version.Text, version.Effective)
		}
	}
	return nil, broker.NotFound(fmt.Sprintf("version %d of %s", number, policy))
}

// Named reads a name as people write it: westport is the document that rules on
// a day, westport@3 its third version, westport@0 the preset, and
// westport@2026-09-01 as it rules on that day.
func (r Register) Named(text string, today broker.Date) (*Document, error) {
	name, which, _ := strings.Cut(text, "@")
	if which == "" {
		return r.On(name, today)
	}
	if number, err := strconv.Atoi(which); err == nil {
		return r.Version(name, number)
	}
	day, err := broker.ParseDate(which)
	if err != nil {
		return nil, broker.Invalid(broker.FieldError{
			Pointer: "/policy", Code: "not_a_version",
			Message: fmt.Sprintf("%q: after @ stands the number of a version or a date", text),
		})
	}
	return r.On(name, day)
}

func (r Register) textOn(day broker.Date) func(policy string) ([]byte, error) {
	return func(policy string) ([]byte, error) {
		if version, found := r.versionOn(policy, day); found {
			return version.Text, nil
		}
		return PresetText(policy)
	}
}

// versionOn is the version that rules on a day: of those begun, the one that
// began last.
func (r Register) versionOn(policy string, day broker.Date) (Published, bool) {
	var current Published
	for _, version := range r.Versions(policy) {
		if !day.Before(version.Effective) && (current.Number == 0 || version.Effective.After(current.Effective)) {
			current = version
		}
	}
	return current, current.Number > 0
}
