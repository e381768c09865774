package published

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Publication is a document somebody wants to rule from a day on.
type Publication struct {
	Text []byte
	// Effective is the first day it rules; tomorrow or later leaves today's
	// loans under today's rules, today is allowed.
	Effective broker.Date
	// Library is the library that publishes; the zero Library stands for the
	// operator, who publishes the documents above libraries.
	Library directory.Library
	Actor   broker.Actor
	Now     time.Time
	// Today is the first day from which it may rule; zero means the library's date.
	Today broker.Date
	// DryRun checks everything and stores nothing.
	DryRun bool
}

// Publish stores a new version of a document. Errors: invalid with line and
// column where the text cannot be read under the documents that then rule above
// it; conflict when its day has passed or another version begins that day;
// forbidden when a library publishes a document that rules others too.
func Publish(ctx context.Context, tx *postgres.Tx, in Publication) (Version, error) {
	tx.Queue(`select pg_advisory_xact_lock($1)`, publishingLock)
	register, err := Load(ctx, tx)
	if err != nil {
		return Version{}, err
	}
	_, added, err := register.Publish(in.Text, in.Effective, in.today())
	if err != nil {
		return Version{}, err
	}
	if err := in.mayPublish(ctx, tx, register, added); err != nil {
		return Version{}, err
	}
	version := Version{Published: added, Library: in.Library.ID, By: in.Actor, At: in.Now}
	if in.DryRun {
		return version, nil
	}
	return version, insert(tx, version)
}

// today is the library's date; above libraries it is the date of UTC.
func (in Publication) today() broker.Date {
	if !in.Today.IsZero() {
		return in.Today
	}
	if in.Library.ID == broker.NoID {
		return broker.DateIn(in.Now, time.UTC)
	}
	return in.Library.Today(in.Now)
}

// mayPublish keeps a library to its own documents: one of a state or a
// consortium, or one that rules other libraries, is the operator's to publish.
func (in Publication) mayPublish(ctx context.Context, tx *postgres.Tx, register policy.Register, added policy.Published) error {
	if in.Library.ID == broker.NoID {
		return nil
	}
	document, err := policy.ParseUnder(added.Policy, added.Text, register.TextOn(added.Effective))
	if err != nil {
		return err
	}
	if level := document.Levels()[0].Level; level != policy.LevelLibrary && level != policy.LevelBranch {
		return broker.Forbidden("A %s document rules other libraries too; the operator publishes it.", level)
	}
	ruled, err := directory.RuledBy(ctx, tx, added.Policy)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(ruled, func(library broker.ID) bool { return library != in.Library.ID }) {
		return broker.Forbidden("%s rules another library too; publish under a name of your own.", added.Policy)
	}
	if slices.Contains(policy.Presets(), added.Policy) && !slices.Contains(ruled, in.Library.ID) {
		return broker.Forbidden("%s is a policy that ships, and not yours; publish under a name of your own.", added.Policy)
	}
	return nil
}

// Bound counts the libraries that a document rules, wholly or at a branch, by
// itself or through a document that inherits from it.
func Bound(ctx context.Context, tx *postgres.Tx, name string, on broker.Date) (int, error) {
	register, err := Load(ctx, tx)
	if err != nil {
		return 0, err
	}
	ruled := map[broker.ID]bool{}
	for _, below := range register.Names() {
		document, err := register.On(below, on)
		if err != nil || !slices.ContainsFunc(document.Levels(), func(level policy.Level) bool { return level.Policy == name }) {
			continue // one that does not rule yet, or cannot be read, rules nobody through this
		}
		libraries, err := directory.RuledBy(ctx, tx, below)
		if err != nil {
			return 0, err
		}
		for _, library := range libraries {
			ruled[library] = true
		}
	}
	return len(ruled), nil
}

// HowToBind says what is still to do for a document that rules nobody.
func HowToBind(name string) string {
	return "It rules no library yet: write policy: " + name + " for a library, or for one of its branches, in the consortium's file, and apply it (afield consortium apply, or POST /v1/configuration)."
}
