// Package imports serves the pages of files: reading one in, after a look at what
// would become of it, and those that are read every night.
package imports
