package consortium

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"afield/broker"
)

// YAML writes a file as text.
func (f File) YAML() ([]byte, error) {
	if f.Consortium == nil && len(f.SharingGroups)+len(f.Groups)+len(f.Policies)+len(f.Libraries) == 0 {
		return []byte("libraries: []\n"), nil
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err := encoder.Encode(f); err != nil {
		return nil, fmt.Errorf("write a consortium's file: %w", err)
	}
	return out.Bytes(), nil
}

// ExportOne is what is in force at one library, as a part of a file.
func (in *InForce) ExportOne(library broker.ID) File {
	file := File{Libraries: []Library{}}
	for _, said := range in.Libraries {
		if in.libraries[said.Symbols[0]].ID == library {
			file.Libraries = append(file.Libraries, said.tidy())
		}
	}
	return file
}

// Export is what is in force as one file, with the policies that were published
// for its libraries, as they rule on a day. Applying it changes nothing.
func (in *InForce) Export(now time.Time) File {
	file := in.File
	bound := map[string]bool{}
	for _, library := range file.Libraries {
		bound[library.Policy] = true
		for _, branch := range library.Branches {
			bound[branch.Policy] = true
		}
	}
	today := broker.DateIn(now, time.UTC)
	for _, library := range in.libraries {
		today = today.Earlier(library.Today(now))
	}
	for name := range bound { // and those above them
		if document, err := in.register.On(name, today); err == nil {
			for _, level := range document.Levels() {
				bound[level.Policy] = true
			}
		}
	}
	for _, name := range in.register.Names() {
		if !bound[name] || len(in.register.Versions(name)) == 0 {
			continue
		}
		if text, err := in.register.TextOn(today)(name); err == nil {
			file.Policies = append(file.Policies, PolicyText{name, string(text)})
		}
	}
	file.Libraries = slices.Clone(file.Libraries)
	for i, library := range file.Libraries {
		file.Libraries[i] = library.tidy()
	}
	slices.SortFunc(file.Libraries, func(a, b Library) int { return strings.Compare(a.Symbols[0], b.Symbols[0]) })
	return file
}

// tidy leaves out what is empty, for a file that people read.
func (l Library) tidy() Library {
	if l.Hours != nil && *l.Hours == (Week{}) {
		l.Hours = nil
	}
	l.Closed, l.Special = full(l.Closed), full(l.Special)
	l.Branches, l.Tiers, l.Staff = slices.Clone(l.Branches), slices.Clone(l.Tiers), slices.Clone(l.Staff)
	for i, branch := range l.Branches {
		if *branch.Hours == (Week{}) {
			branch.Hours = nil
		}
		branch.Closed, branch.Special = full(branch.Closed), full(branch.Special)
		l.Branches[i] = branch
	}
	for i := range l.Tiers {
		l.Tiers[i].States = full(l.Tiers[i].States)
	}
	l.Tiers = full(l.Tiers)
	if l.Lending != nil {
		lending := *l.Lending
		lending.FreeGroups = full(lending.FreeGroups)
		if *lending.Paused == (Pause{}) {
			lending.Paused = nil
		}
		l.Lending = &lending
	}
	if len(l.Numbers.Cards)+len(l.Numbers.Items) == 0 {
		l.Numbers = nil
	}
	return l
}

func full[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
