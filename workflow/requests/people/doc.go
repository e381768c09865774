// Package people holds the effects that tell people something: notices to the
// patron, tasks for staff.
package people
