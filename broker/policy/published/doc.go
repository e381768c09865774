// Package published keeps the policy documents that libraries published
// themselves: immutable versions, each ruling from its day on, in the table
// policy_versions. The presets of the program come before all of them.
//
// Publish checks a text strictly and stores it. Source answers the desk from
// memory: which document rules this library, at this branch, on this day. It is
// read again with Refresh, which costs one look while nothing is new.
//
// Rules are no secret: the table is shared, and everybody may read it.
package published
