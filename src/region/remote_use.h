/*-------------------------------------------------------------------------
 *
 * remote_use.h
 *	  What a transaction has done at the servers of distributed tables, and what it
 *	  cannot do any more therefore.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REMOTE_USE_H
#define MM_REMOTE_USE_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/* The name of the fan-out's nodes, by which they are known in a plan. */
#define MM_FANOUT_NAME	"MMDB Fan-out"

/*
 * mm_use_init: called once, when the library is loaded.
 *
 * mm_use_note: a statement begins.  Raises an error if it would not see rows of a
 * distributed table: those that mmdb.copy_from() has added in this transaction, or those
 * that have come to a server since the transaction's snapshot there.
 *
 * mm_use_note_command: the same for a utility command, which raises no error.  Returns
 * whether it is the first in the transaction that uses servers.
 *
 * mm_use_note_copied: a COPY has ended that was the first.
 *
 * mm_use_scans: foreign scans of a distributed table's partitions (OIDs) begin, which the plan
 * did not tell.  Raises the same errors as mm_use_note.
 *
 * mm_use_is_open: is a transaction open over mmdb_shard's connection to a server?
 */
extern void mm_use_init(void);
extern void mm_use_note(const PlannedStmt *stmt);
extern bool mm_use_note_command(const Node *command);
extern void mm_use_note_copied(const CopyStmt *copy);
extern void mm_use_scans(const List *partitions);
extern bool mm_use_is_open(void);

/*
 * The library mmdb_shard tells what it does:
 *
 * mm_use_opened: a transaction is open at a server that ends with the local one.
 *
 * mm_use_check_copy: raise an error if rows cannot be added to a distributed table, as the
 * transaction has locked it, for instance by TRUNCATE.
 *
 * mm_use_copied: that has been done.  The table cannot be read in the same transaction
 * then.
 *
 * mm_use_locked: an operation has locked a table at its servers.  Foreign scans of it would
 * wait for that, and are errors in the same transaction.
 *
 * mm_use_check_lock: raise an error if locking the table at its servers would wait for what
 * the transaction has done there over postgres_fdw's connections.
 */
extern PGDLLEXPORT void mm_use_opened(void);
extern PGDLLEXPORT void mm_use_check_copy(Oid relid);
extern PGDLLEXPORT void mm_use_copied(Oid relid);
extern PGDLLEXPORT void mm_use_locked(Oid relid);
extern PGDLLEXPORT void mm_use_check_lock(Oid relid);

#endif							/* MM_REMOTE_USE_H */
