/*-------------------------------------------------------------------------
 *
 * elsewhere.c
 *	  Tables whose rows are elsewhere: at other servers, or in shards.
 *
 * Citus lists the tables that it has distributed in pg_dist_partition, whose
 * first column is the table.  The catalog is looked up by name each time, as
 * Citus may be installed and dropped in a session.  Without Citus, that is one
 * look into the system cache.
 *
 * mmdb.distribute makes partitions that are foreign tables; those of anybody else have
 * their rows elsewhere, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "index/elsewhere.h"

/* Of Citus' catalog. */
#define CATALOG_NAME	"pg_dist_partition"
#define CATALOG_INDEX	"pg_dist_partition_logical_relid_index"
#define CATALOG_TABLE	1		/* the column */

bool
mm_is_distributed(Oid table)
{
	Oid			oid = get_relname_relid(CATALOG_NAME, PG_CATALOG_NAMESPACE);
	Oid			index = get_relname_relid(CATALOG_INDEX, PG_CATALOG_NAMESPACE);
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	if (!OidIsValid(oid) || get_atttype(oid, CATALOG_TABLE) != REGCLASSOID)
		return false;
	catalog = table_open(oid, AccessShareLock);
	ScanKeyInit(&key, CATALOG_TABLE, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, index, OidIsValid(index), NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

bool
mm_is_on_servers(Oid table)
{
	List	   *partitions;
	ListCell   *lc;

	if (get_rel_relkind(table) != RELKIND_PARTITIONED_TABLE)
		return false;
	partitions = find_inheritance_children(table, NoLock);
	foreach(lc, partitions)
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_FOREIGN_TABLE)
			return false;
	return partitions != NIL;
}
