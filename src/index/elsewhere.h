/*-------------------------------------------------------------------------
 *
 * elsewhere.h
 *	  Tables whose rows an extension keeps elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ELSEWHERE_H
#define MM_ELSEWHERE_H

/*
 * mm_is_distributed: has Citus distributed a table?  Then its rows are in
 * shards, which are tables of other servers or of this one, and the table
 * itself is an empty shell.
 */
extern bool mm_is_distributed(Oid table);

#endif							/* MM_ELSEWHERE_H */
