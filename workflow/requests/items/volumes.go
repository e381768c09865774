package items

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// keepVolumes notes what the lender sent: the volumes it named, or one without a
// name. What is known of a volume already is not made a second one.
func keepVolumes(c *engine.Case) {
	var named engine.Volumes
	for _, item := range shipped(c) {
		volume := expected(c, named, item)
		if volume == nil {
			volume = c.NewVolume("", "")
		}
		named = append(named, volume)
		if item.Volume != "" {
			volume.Label = item.Volume
		}
		if item.Barcode != "" {
			volume.Barcode = &item.Barcode
		}
		volume.Touch()
	}
	if len(c.Volumes) == 0 {
		c.NewVolume("", "")
	}
}

// AddShipped takes up the volumes that a lender names when it says once more
// that it has shipped: one that is known under that barcode or name gets what was
// missing of it, one that nobody had named is named now, and any other is on its
// way as well. Staff are asked to look, unless all that was named before is named
// again and nothing has arrived yet.
func AddShipped(_ context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.Service == "copy" {
		return nil, nil
	}
	items := shipped(c)
	before := slices.Clone(c.Volumes)
	var named, added engine.Volumes
	rest := slices.DeleteFunc(slices.Clone(items), func(item connectors.MessageItem) bool { return item.Barcode == "" && item.Volume == "" })
	rest = slices.DeleteFunc(rest, func(item connectors.MessageItem) bool {
		volume := called(before, named, item)
		if volume != nil {
			named = append(named, volume)
			complete(volume, item)
		}
		return volume != nil
	})
	for _, item := range rest {
		at := slices.IndexFunc(before, func(v *engine.Volume) bool { return v.Barcode == nil && v.Label == "" && !slices.Contains(named, v) })
		if at >= 0 {
			named = append(named, before[at])
			complete(before[at], item)
			continue
		}
		if c.Request.State == workflow.ReturnShipped || c.Request.State == workflow.ReturnUnconfirmed {
			added = append(added, &engine.Volume{Label: item.Volume, Barcode: &item.Barcode}) // the rest is on its way home: only told
			continue
		}
		volume := c.NewVolume(item.Volume, item.Barcode)
		volume.Custody = workflow.ComingHere
		added = append(added, volume)
	}
	if len(added) == 0 || (c.Request.State == workflow.Shipped && len(named) == len(before)) {
		return nil, nil
	}
	return engine.Wants{engine.OpenTask{
		Kind: "volumes_missing", Detail: fmt.Sprintf("The lender says now that it has sent %s too: look whether that came with the rest, and wait for it, or settle with the lender what it has sent.", Names(added)),
	}}, nil
}

// called finds the volume with a barcode or name, among those not named yet.
func called(volumes, named engine.Volumes, item connectors.MessageItem) *engine.Volume {
	for _, volume := range volumes {
		if slices.Contains(named, volume) {
			continue
		}
		sameCode := item.Barcode != "" && textOf(volume.Barcode) == item.Barcode
		sameName := item.Volume != "" && volume.Label == item.Volume && (item.Barcode == "" || volume.Barcode == nil)
		if sameCode || sameName {
			return volume
		}
	}
	return nil
}

// complete adds what a message says of a volume and was not known.
func complete(volume *engine.Volume, item connectors.MessageItem) {
	if volume.Barcode == nil && item.Barcode != "" {
		volume.Barcode = &item.Barcode
		volume.Touch()
	}
	if volume.Label == "" && item.Volume != "" {
		volume.Label = item.Volume
		volume.Touch()
	}
}

func shipped(c *engine.Case) []connectors.MessageItem {
	if items, ok := c.Firing.Input["items"].([]connectors.MessageItem); ok {
		return items
	}
	if barcode := c.Firing.Input.Text("barcode"); barcode != "" {
		return []connectors.MessageItem{{Barcode: barcode}}
	}
	return nil
}

// expected finds the volume that a lender or our staff mean, among those that
// the same message has not named yet: the one with that barcode, the one of that
// name, or else the only one that has not arrived, where it has no barcode or
// staff correct it.
func expected(c *engine.Case, named engine.Volumes, item connectors.MessageItem) *engine.Volume {
	var open engine.Volumes
	for _, volume := range c.Volumes {
		if slices.Contains(named, volume) {
			continue
		}
		if (item.Barcode != "" && textOf(volume.Barcode) == item.Barcode) || (item.Volume != "" && volume.Label == item.Volume) {
			return volume
		}
		open = append(open, volume)
	}
	open = open.In(workflow.WithLender, workflow.ComingHere, workflow.Unaccounted)
	if len(open) == 1 && (open[0].Barcode == nil || c.Firing.By != workflow.ByLender) {
		return open[0]
	}
	return nil
}

// arriving is the volume that is being received: the one with the barcode that
// was scanned, or the next that has not arrived yet.
func arriving(c *engine.Case) *engine.Volume {
	open := c.Volumes.In(workflow.WithLender, workflow.ComingHere, workflow.Unaccounted)
	barcode := c.Firing.Input.Text("barcode")
	for _, volume := range open {
		if barcode != "" && textOf(volume.Barcode) == barcode {
			return volume
		}
	}
	if len(open) > 0 {
		return open[0]
	}
	return c.NewVolume("", barcode)
}

// volumesHere tells how many volumes have arrived; while others are missing,
// staff decide whether to wait or to lend what came.
func volumesHere(c *engine.Case) (wants engine.Wants) {
	missing := c.Others().In(workflow.WithLender, workflow.ComingHere)
	if len(c.Volumes) > 1 {
		wants.Add(engine.Fact{Name: "volumes", Value: fmt.Sprintf("%d of %d", len(c.Volumes)-len(missing), len(c.Volumes))})
	}
	if len(missing) > 0 {
		wants.Add(engine.OpenTask{
			Kind: "volumes_missing", Detail: fmt.Sprintf("%d of %d volumes have arrived: wait for the rest, or lend what is here.", len(c.Volumes)-len(missing), len(c.Volumes)),
		})
	}
	return wants
}

// NameMissing tells staff which volumes do not go back with the rest.
func NameMissing(_ context.Context, c *engine.Case) (engine.Wants, error) {
	missing := c.Volumes.In(workflow.WithLender, workflow.ComingHere, workflow.InHands, workflow.Unaccounted)
	if len(missing) == 0 || len(c.Volumes) == 1 {
		return nil, nil
	}
	return engine.Wants{engine.OpenTask{
		Kind: "volumes_missing", Detail: fmt.Sprintf("Sent back without %s: settle that with the lender.", Names(missing)),
	}}, nil
}

// Names names volumes for staff: by what the lender calls them, or by barcode.
func Names(volumes engine.Volumes) string {
	names := make([]string, len(volumes))
	for i, volume := range volumes {
		switch {
		case volume.Label != "":
			names[i] = "volume " + volume.Label
		case volume.Barcode != nil:
			names[i] = *volume.Barcode
		default:
			names[i] = "a volume without a barcode"
		}
	}
	return strings.Join(names, ", ")
}

// toShelve are the volumes in hand that arrived and are not on the hold shelf.
func toShelve(c *engine.Case) engine.Volumes {
	if item, named := c.Firing.Input["item"].(broker.ID); named {
		if volume := c.Volumes.OfItem(item); volume != nil {
			return engine.Volumes{volume}
		}
	}
	return slices.DeleteFunc(slices.Clone(c.Volumes), func(v *engine.Volume) bool { return !v.Fresh() })
}

func refOf(volume *engine.Volume) catalog.Ref {
	return catalog.Ref{Library: volume.LibraryID, ID: volume.ItemID}
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
