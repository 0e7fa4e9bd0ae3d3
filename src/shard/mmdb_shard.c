/*-------------------------------------------------------------------------
 *
 * mmdb_shard.c
 *	  The library that talks to other servers.
 *
 * It is a library of its own because it needs libpq: a backend that searches
 * tables of its own server loads neither.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "shard/operations.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	mm_connection_init();
	mm_transaction_init();
	mm_together_init();
}
