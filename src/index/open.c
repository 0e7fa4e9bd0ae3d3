/*-------------------------------------------------------------------------
 *
 * open.c
 *	  Opening an index that a user has named.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/defrem.h"
#include "utils/rel.h"

#include "index/elsewhere.h"
#include "index/open.h"
#include "mmdb.h"

Relation
mm_index_open(Oid oid, bool missing_ok)
{
	Relation	rel = try_relation_open(oid, AccessShareLock);

	if (rel == NULL && missing_ok)
		return NULL;
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("index with OID %u does not exist", oid)));
	if ((rel->rd_rel->relkind != RELKIND_INDEX &&
		 rel->rd_rel->relkind != RELKIND_PARTITIONED_INDEX) ||
		rel->rd_rel->relam != get_index_am_oid(MM_AM_NAME, false))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an mmdb index",
						RelationGetRelationName(rel))));
	return rel;
}

void
mm_index_require_valid(Relation index)
{
	if (!index->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(index)),
				 errhint("Please REINDEX or drop it.")));
}

void
mm_index_require_storage(Relation index)
{
	if (mm_is_on_servers(index->rd_index->indrelid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the rows of the table of index \"%s\" are at other servers",
						RelationGetRelationName(index)),
				 errdetail("Each of its partitions is a foreign table, whose server has indexes of its own."),
				 errhint("Call the function at the servers, with the indexes of the partitions there. The view mmdb.regions names the servers of a distributed table.")));
	if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("index \"%s\" is partitioned", RelationGetRelationName(index)),
				 errdetail("It has no storage of its own."),
				 errhint("Name the indexes of the partitions.")));
	if (mm_is_distributed(index->rd_index->indrelid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the table of index \"%s\" is distributed", RelationGetRelationName(index)),
				 errdetail("All its rows are in shards, which have indexes of their own."),
				 errhint("Name the indexes of the shards, where they are: run_command_on_shards() goes to all of them.")));
}
