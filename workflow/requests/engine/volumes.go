package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow"
)

// Volume is one copy that is sent for a request, or one of several that belong
// together. Each has its own barcode, custody and condition.
type Volume struct {
	LibraryID broker.ID
	RequestID broker.ID
	ID        broker.ID
	// Label tells volumes apart, as the lender names them: "2", "Part B"; "" for
	// the only one.
	Label string
	// Barcode is the lender's; nil where it named none.
	Barcode *string
	// ItemID is the borrowed copy as an item of ours, or on the lending side our
	// item that was sent; NoID where it has never been here.
	ItemID     broker.ID
	ReceivedAt time.Time
	Condition  string
	ReturnedAt time.Time
	// Custody says in whose hands it is. Patron names the patron who has it, or
	// had it last before it was lost; zero where none did.
	Custody workflow.Custody
	Patron  patrons.Ref
	// MovedVersion is the request's version that moved it last, Was and WasPatron
	// its custody before.
	MovedVersion *int
	Was          *workflow.Custody
	WasPatron    patrons.Ref

	changed, gone bool
}

// VolumeColumns are the columns of a Volume.
const VolumeColumns = `library_id, request_id, id, volume, barcode, item_id, received_at, condition, returned_at,
	custody, patron_library_id, patron_id, moved_version, was, was_patron_library_id, was_patron_id`

// AskVolumes queues reading the volumes of a request, in the order in which they
// were named.
func AskVolumes(tx *postgres.Tx, library, request broker.ID, into *Volumes) {
	tx.Queue(`select `+VolumeColumns+` from request_items where library_id = $1 and request_id = $2 order by id`, library, request).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Volume, error) {
				v := &Volume{}
				return v, row.Scan(&v.LibraryID, &v.RequestID, &v.ID, &v.Label, &v.Barcode, &v.ItemID, &v.ReceivedAt, &v.Condition, &v.ReturnedAt,
					&v.Custody, &v.Patron.Library, &v.Patron.ID, &v.MovedVersion, &v.Was, &v.WasPatron.Library, &v.WasPatron.ID)
			})
			return err
		})
}

// VolumesOf reads the volumes of a request, in the order in which they were
// named.
func VolumesOf(ctx context.Context, tx *postgres.Tx, library, request broker.ID) (volumes Volumes, err error) {
	AskVolumes(tx, library, request, &volumes)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read the volumes of a request: %w", err)
	}
	return volumes, nil
}

// Volumes are the volumes of one request. Until a lender has sent something
// there are none; a hold in a shared catalogue has none either.
type Volumes []*Volume

// OfItem gives the volume that is an item, or nil.
func (v Volumes) OfItem(item broker.ID) *Volume {
	for _, volume := range v {
		if item != broker.NoID && volume.ItemID == item {
			return volume
		}
	}
	return nil
}

// In gives those that are in one of some custodies.
func (v Volumes) In(custodies ...workflow.Custody) (found Volumes) {
	for _, volume := range v {
		for _, custody := range custodies {
			if volume.Custody == custody {
				found = append(found, volume)
			}
		}
	}
	return found
}

// Without gives all but one.
func (v Volumes) Without(one *Volume) (others Volumes) {
	for _, volume := range v {
		if volume != one {
			others = append(others, volume)
		}
	}
	return others
}

// Fresh tells whether the volume is here and has not been lent yet: it came from
// its lender, or was found.
func (v *Volume) Fresh() bool {
	return v.Custody == workflow.InLibrary && (v.Was == nil || *v.Was != workflow.InHands)
}

// Touch marks the volume as changed, to be stored with the request.
func (v *Volume) Touch() { v.changed = true }

// NewVolume adds a volume to the request, still with its lender.
func (c *Case) NewVolume(label, barcode string) *Volume {
	volume := &Volume{
		LibraryID: c.Request.LibraryID, RequestID: c.Request.ID, ID: broker.NewID(), Label: label,
		Custody: workflow.WithLender, changed: true,
	}
	if barcode != "" {
		volume.Barcode = &barcode
	}
	c.Volumes = append(c.Volumes, volume)
	return volume
}

// ForgetVolume takes a volume off the request that was never sent.
func (c *Case) ForgetVolume(volume *Volume) {
	volume.gone, volume.changed = true, true
	c.forgotten = append(c.forgotten, volume)
	c.Volumes = c.Volumes.Without(volume)
}

// AtHand are the volumes that the event is about: the one it names, or else all
// that can come into the custody the row gives them.
func (c *Case) AtHand() Volumes {
	if c.about != nil {
		return Volumes{c.about}
	}
	if item, named := c.Firing.Input["item"].(broker.ID); named {
		if volume := c.Volumes.OfItem(item); volume != nil {
			return Volumes{volume}
		}
		return nil
	}
	return c.Volumes.In(c.Row.Moves()...)
}

// Others are the volumes that the event is not about.
func (c *Case) Others() (others Volumes) {
	others = c.Volumes
	for _, volume := range c.AtHand() {
		others = others.Without(volume)
	}
	return others
}

// About says which volume the event is about, where an effect finds that out.
func (c *Case) About(volume *Volume) { c.about = volume }

// moveCopy gives the volumes that the event is about the custody its row says.
func (st *step) moveCopy() {
	to := st.Row.Copy
	if to == "" {
		return
	}
	for _, volume := range st.AtHand().In(st.Row.Moves()...) {
		st.move(volume, to)
		st.data["custody"] = string(to)
		if len(st.Volumes) > 1 && volume.Label != "" {
			st.data["volume"] = volume.Label
		}
	}
}

// move records a volume's new custody, and the one before it.
func (st *step) move(volume *Volume, to workflow.Custody) {
	version, was := st.Request.Version, volume.Custody
	before := volume.WasPatron // whoever had it before
	volume.MovedVersion, volume.Was, volume.WasPatron = &version, &was, volume.Patron
	volume.Custody = to
	switch to {
	case workflow.InHands:
		volume.Patron = st.taker(was, before)
	case workflow.Unaccounted: // whoever had it last
	default:
		volume.Patron = patrons.Ref{}
	}
	switch to {
	case workflow.InLibrary:
		if volume.ReceivedAt.IsZero() && st.Request.Side == workflow.SideBorrowing {
			volume.ReceivedAt = st.Now
		}
		volume.ReturnedAt = time.Time{}
	case workflow.GoingHome:
		volume.ReturnedAt = st.Now
	}
	st.standsAt(volume)
	volume.Touch()
}

// standsAt gives the borrowed item of a volume the status that its custody
// means. Loans and holds set it themselves while a patron or the hold shelf has
// it.
func (c *Case) standsAt(volume *Volume) {
	if c.Request.Side != workflow.SideBorrowing || volume.ItemID == broker.NoID {
		return
	}
	status, item := catalog.GoneHome, catalog.Ref{Library: volume.LibraryID, ID: volume.ItemID}
	switch volume.Custody {
	case workflow.InHands, workflow.WithLender: // it may still be on somebody's account
		return
	case workflow.InLibrary:
		catalog.StandsHere(c.Tx, item)
		return
	case workflow.Unaccounted:
		status = catalog.Lost
	case workflow.ComingHere, workflow.GoingHome:
	}
	catalog.SetItemStatus(c.Tx, item.Library, item.ID, status)
	holds.EndJourney(c.Tx, item, c.Now)
}

// taker is the patron who takes the volume: whoever the desk says, whoever had it
// before its lender claimed to have it, or else the patron who asked.
func (st *step) taker(was workflow.Custody, before patrons.Ref) patrons.Ref {
	if patron, named := st.Firing.Input["patron"].(patrons.Ref); named {
		return patron
	}
	if was == workflow.WithLender && before.ID != broker.NoID {
		return before
	}
	return st.Patron()
}

// Holder is the patron who has what was sent, or had it last before it was lost,
// and whom to tell about it; the patron who asked while nobody has had it.
func (c *Case) Holder() patrons.Ref {
	for _, volume := range c.Volumes {
		if volume.Patron.ID != broker.NoID {
			return volume.Patron
		}
	}
	return c.Patron()
}

func (v Volumes) save(tx *postgres.Tx) {
	for _, volume := range v {
		switch {
		case !volume.changed:
		case volume.gone:
			tx.Queue(`delete from request_items where library_id = $1 and id = $2`, volume.LibraryID, volume.ID)
		default:
			tx.Queue(`insert into request_items (`+VolumeColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
				on conflict (library_id, id) do update set volume = excluded.volume, barcode = excluded.barcode, item_id = excluded.item_id,
					received_at = excluded.received_at, condition = excluded.condition, returned_at = excluded.returned_at, custody = excluded.custody,
					patron_library_id = excluded.patron_library_id, patron_id = excluded.patron_id, moved_version = excluded.moved_version,
					was = excluded.was, was_patron_library_id = excluded.was_patron_library_id, was_patron_id = excluded.was_patron_id`,
				volume.LibraryID, volume.RequestID, volume.ID, volume.Label, volume.Barcode, volume.ItemID, volume.ReceivedAt, volume.Condition,
				volume.ReturnedAt, volume.Custody, volume.Patron.Library, volume.Patron.ID, volume.MovedVersion, volume.Was,
				volume.WasPatron.Library, volume.WasPatron.ID)
		}
		volume.changed = false
	}
}
