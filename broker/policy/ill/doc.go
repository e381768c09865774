// Package ill answers what a library's policy says about interlibrary loan: who
// may ask and for what, which lenders are asked, who pays their fee, under which
// copyright rule a copy is ordered, what we lend to others, and how long each
// party has.
package ill
