/*-------------------------------------------------------------------------
 *
 * elsewhere.h
 *	  Tables whose rows are elsewhere: at other servers, or in shards.
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

/*
 * mm_is_on_servers: is a table partitioned, and are all its partitions foreign
 * tables?  Then its rows are at other servers, as those of a table that
 * mmdb.distribute has distributed.
 */
extern bool mm_is_on_servers(Oid table);

#endif							/* MM_ELSEWHERE_H */
