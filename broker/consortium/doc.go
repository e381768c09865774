// Package consortium sets a consortium up from one file, and says what a file
// would change: libraries and how they are grouped and reached, branches with
// their hours, how far each looks for lenders and on what terms each lends, the
// policy that rules, number patterns, and staff, who are invited.
//
// Read takes the file, Plan compares it with what is in force and lists every
// mistake at once or every change in words, and Apply makes the changes in the
// caller's transaction, through the rooms that own the tables, and records them:
// who, when, why, before and after. Export writes what is in force as such a
// file; applying it changes nothing.
//
// What a file leaves out stays as it is and is never deleted: a plan lists what is
// in force and not in the file. A list without names (hours, closings, tiers,
// formats, the libraries of a group) is one value, which the file replaces.
//
//	file, err := consortium.Read(text, beside)
//	inForce, err := consortium.Load(ctx, tx, doors)
//	plan, mistakes := consortium.NewPlan(file, inForce, surroundings)
//	applied, err := plan.Apply(ctx, tx, consortium.Applying{Reason: "a fourth library joins", …})
//
// It owns configuration_changes.
package consortium
