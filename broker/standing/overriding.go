package standing

import (
	"slices"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Overriding is what staff override in an act, and why.
type Overriding struct {
	// Overrides are the codes of the reasons to override, where the actor's roles
	// allow it.
	Overrides []string
	// Reason is why, in words; without it nothing is overridden.
	Reason string
}

// Split splits the reasons of a refusal into those that stand and those the
// actor asked to override and may. That an item is kept for somebody else can
// be overridden only where free tells that no request depends on it: whoever
// waits through a request would have to be told.
func (o Overriding) Split(reasons []broker.Reason, actor broker.Actor, free bool) (standing, passed []broker.Reason) {
	codes := o.Overrides
	if !free {
		codes = slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return code == "held_for_other" })
	}
	return patrons.PassOver(reasons, codes, actor)
}

// PassOver splits the reasons and records those that are overridden; if any are
// left it refuses.
func (o Overriding) PassOver(tx *postgres.Tx, desk Desk, action rule.Action, patron patrons.Ref, about broker.ID, reasons []broker.Reason) (standing, passed []broker.Reason, err error) {
	standing, passed = o.Split(reasons, desk.Actor, false)
	if len(standing) > 0 {
		return standing, nil, nil
	}
	return nil, passed, o.Record(tx, desk, action, patron, about, passed)
}

// Record stores what was overridden.
func (o Overriding) Record(tx *postgres.Tx, desk Desk, action rule.Action, patron patrons.Ref, about broker.ID, passed []broker.Reason) error {
	for _, reason := range passed {
		override := patrons.Override{
			Library: desk.Library.ID, Action: action, Code: reason.Code, Rule: reason.Rule,
			Reason: o.Reason, About: about, Actor: desk.Actor, At: desk.Now,
		}
		if patron.Library == desk.Library.ID {
			override.Patron = patron.ID
		}
		if err := patrons.RecordOverride(tx, override); err != nil {
			return err
		}
	}
	return nil
}
