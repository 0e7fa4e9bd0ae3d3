/*-------------------------------------------------------------------------
 *
 * open.h
 *	  Opening an index that a user has named.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OPEN_H
#define MM_OPEN_H

#include "utils/relcache.h"

/*
 * mm_index_open: open an index, plain or partitioned, with AccessShareLock.
 * Raises an error if the OID is not that of an mmdb index.  Returns NULL if
 * there is no such relation and missing_ok is set.
 */
extern Relation mm_index_open(Oid oid, bool missing_ok);

/*
 * mm_index_require_valid: raise an error if an index was left unfinished, for
 * example by a CREATE INDEX CONCURRENTLY that failed.
 */
extern void mm_index_require_valid(Relation index);

/*
 * mm_index_require_storage: raise an error if an index has no entries of its
 * own, as its table is partitioned or distributed by Citus.
 */
extern void mm_index_require_storage(Relation index);

#endif							/* MM_OPEN_H */
