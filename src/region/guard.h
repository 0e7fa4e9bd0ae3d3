/*-------------------------------------------------------------------------
 *
 * guard.h
 *	  Refuses what would be wrong with a distributed table, or wait for itself, and
 *	  warns of changes of the table here alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_GUARD_H
#define MM_GUARD_H

#include "nodes/nodes.h"

/*
 * mm_guard_init: install the check.  Called once, when the library is loaded.
 */
extern void mm_guard_init(void);

/*
 * mm_guard_unique: raise an error if a command, as it was parsed, would give a
 * distributed table a unique key.  The library mmdb_shard calls it, too.
 */
extern PGDLLEXPORT void mm_guard_unique(const Node *command, const char *schema, const char *table);

#endif							/* MM_GUARD_H */
