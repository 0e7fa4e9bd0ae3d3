/*-------------------------------------------------------------------------
 *
 * guard.h
 *	  Refuses what would be wrong, or wait for itself, with a distributed table, and
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

/*
 * A session has two connections to a server: postgres_fdw's, and that of mmdb_shard.
 * Neither sees what the other one's transaction has written, and what one has locked, the
 * other waits for, and nobody knows of that.  So the library mmdb_shard tells what it does:
 *
 * mm_guard_opened: a transaction is open at a server that ends with the local one.
 *
 * mm_guard_copy: raise an error if rows cannot be added to a distributed table, as the
 * transaction has locked it, for instance by TRUNCATE.
 *
 * mm_guard_copied: that has been done.  The table cannot be read in the same transaction
 * then.
 *
 * mm_guard_lock: raise an error if locking the table at its servers would wait for what the
 * transaction has done there over postgres_fdw's connections.
 */
extern PGDLLEXPORT void mm_guard_opened(void);
extern PGDLLEXPORT void mm_guard_copy(Oid relid);
extern PGDLLEXPORT void mm_guard_copied(Oid relid);
extern PGDLLEXPORT void mm_guard_lock(Oid relid);

#endif							/* MM_GUARD_H */
