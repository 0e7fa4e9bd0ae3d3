# mmdb: exact multi-metric similarity search for PostgreSQL.
#
# For packagers, as with any extension (PG_CONFIG chooses the PostgreSQL):
#	make, make install, make installcheck, make clean
#
# These include the bridges to other extensions (folder bridges) that PostgreSQL
# has: BRIDGES="vector postgis" includes both all the same, and BRIDGES= none.
#
# For people; these need nothing but what they install themselves, and work on a copy
# of PostgreSQL, with a server of its own (test/run):
#	make demo			loads the clip-art gallery and searches it
#	make demo-cluster	the same on four servers of its own
#	make explore		the same, to explore it in a browser (explorer/)
#	make check			builds without warnings and runs all tests
#	make check-long		the same with longer randomized tests
#	make check-explorer	tests the explorer only
#	make check-all		the same, and then with PostgreSQL 17 and 18, pgvector and
#				PostGIS, in chroots (test/newer)
#	make bench			runs the benchmarks (bench/run)

people = demo demo-cluster explore check check-long check-explorer check-all bench
ifneq ($(filter $(people),$(MAKECMDGOALS)),)

others = $(filter-out $(people),$(MAKECMDGOALS))
.NOTPARALLEL:
.PHONY: $(people) $(others)
$(people):
	@$(dir $(firstword $(MAKEFILE_LIST)))test/run $@
ifneq ($(others),)
$(others):
	@$(MAKE) $@
endif

else

EXTENSION = mmdb
EXTVERSION = 0.1.0
MODULE_big = mmdb
# What needs OpenBLAS or libpq is a module of its own: searching backends load
# neither.
MODULES = mmdb_learn mmdb_shard

# mmdb_shard consists of these and src/shard/mmdb_shard.c.
SHARD_OBJS = \
	src/shard/connection.o \
	src/shard/definition.o \
	src/shard/distribute.o \
	src/shard/distributed.o \
	src/shard/hosts.o \
	src/shard/load.o \
	src/shard/local.o \
	src/shard/lock.o \
	src/shard/move.o \
	src/shard/picture.o \
	src/shard/rebalance.o \
	src/shard/recover.o \
	src/shard/remote.o \
	src/shard/servers.o \
	src/shard/sockets.o \
	src/shard/statement.o \
	src/shard/stream.o \
	src/shard/together.o \
	src/shard/transaction.o

OBJS = \
	src/mmdb.o \
	src/base/compare.o \
	src/type/component.o \
	src/type/mmvector.o \
	src/type/mmvector_agg.o \
	src/type/mmvector_ops.o \
	src/type/odbquery.o \
	src/type/odbquery_ops.o \
	src/type/odbvalues.o \
	src/type/weights.o \
	src/metric/bit.o \
	src/metric/char.o \
	src/metric/discrete.o \
	src/metric/edit.o \
	src/metric/geo.o \
	src/metric/kernels.o \
	src/metric/kernels_avx2.o \
	src/metric/kernels_avx512.o \
	src/metric/kernels_neon.o \
	src/metric/kernels_planes_avx2.o \
	src/metric/kernels_planes_avx512.o \
	src/metric/kernels_planes_dotprod.o \
	src/metric/kernels_planes_neon.o \
	src/metric/kernels_planes_portable.o \
	src/metric/kernels_scalar.o \
	src/metric/metric.o \
	src/metric/number.o \
	src/metric/principal.o \
	src/metric/set.o \
	src/metric/support.o \
	src/metric/text.o \
	src/metric/text_sketch.o \
	src/metric/text_tokens.o \
	src/metric/vector.o \
	src/metric/vector_array.o \
	src/metric/vector_coordinates.o \
	src/metric/vector_double.o \
	src/metric/vector_model.o \
	src/metric/vector_query.o \
	src/metric/vector_sketch.o \
	src/index/change.o \
	src/index/columns.o \
	src/index/elsewhere.o \
	src/index/key.o \
	src/index/meta.o \
	src/index/open.o \
	src/index/options.o \
	src/index/packing.o \
	src/index/page.o \
	src/index/profile.o \
	src/index/recent.o \
	src/index/rights.o \
	src/index/scales.o \
	src/index/subindexes.o \
	src/model/effort.o \
	src/model/fitted.o \
	src/model/forest.o \
	src/model/kept.o \
	src/model/model.o \
	src/model/pairs.o \
	src/model/pivots.o \
	src/model/sample.o \
	src/model/statistics.o \
	src/model/stored_value.o \
	src/model/vantage.o \
	src/region/bounds.o \
	src/region/describe.o \
	src/region/format.o \
	src/region/guard.o \
	src/region/refine.o \
	src/region/remote_use.o \
	src/region/shard_call.o \
	src/region/train.o \
	src/region/tree.o \
	src/region/versions.o \
	src/tree/box.o \
	src/tree/bulk.o \
	src/tree/choose.o \
	src/tree/condense.o \
	src/tree/entries.o \
	src/tree/insert.o \
	src/tree/merge.o \
	src/tree/pack.o \
	src/tree/split.o \
	src/tree/tree.o \
	src/inverted/build.o \
	src/inverted/check.o \
	src/inverted/count.o \
	src/inverted/flush.o \
	src/inverted/home.o \
	src/inverted/insert.o \
	src/inverted/pending.o \
	src/inverted/posting_array.o \
	src/inverted/run_read.o \
	src/inverted/run_write.o \
	src/inverted/tokens.o \
	src/inverted/vacuum.o \
	src/search/bounding.o \
	src/search/cost_model.o \
	src/search/curve.o \
	src/search/cursor.o \
	src/search/driver.o \
	src/search/estimate.o \
	src/search/inverted_source.o \
	src/search/ladder.o \
	src/search/lookahead.o \
	src/search/merge.o \
	src/search/paper.o \
	src/search/race.o \
	src/search/search.o \
	src/search/terms.o \
	src/search/threshold.o \
	src/search/upcoming.o \
	src/search/vantage_source.o \
	src/stats/admin.o \
	src/stats/area.o \
	src/stats/last.o \
	src/stats/query_class.o \
	src/stats/record.o \
	src/stats/save.o \
	src/stats/shared.o \
	src/stats/show.o \
	src/stats/track.o \
	src/stats/visible.o \
	src/check/check.o \
	src/check/check_bounds.o \
	src/check/check_rows.o \
	src/check/index_stats.o \
	src/am/alter.o \
	src/am/build.o \
	src/am/build_pack.o \
	src/am/build_parallel.o \
	src/am/build_rows.o \
	src/am/choose_subindexes.o \
	src/am/calibrate.o \
	src/am/cost.o \
	src/am/handler.o \
	src/am/info.o \
	src/am/insert.o \
	src/am/measure_costs.o \
	src/am/scan.o \
	src/am/subindexes.o \
	src/am/train.o \
	src/am/vacuum.o \
	src/am/validate.o \
	src/am/whole_scales.o \
	src/plan/bounded.o \
	src/plan/collected.o \
	src/plan/comparison.o \
	src/plan/counts.o \
	src/plan/curve.o \
	src/plan/diagnosis.o \
	src/plan/diagnosis_words.o \
	src/plan/distances.o \
	src/plan/estimate.o \
	src/plan/explain.o \
	src/plan/nearest.o \
	src/plan/node.o \
	src/plan/one_row.o \
	src/plan/ordered.o \
	src/plan/part_curve.o \
	src/plan/path_cost.o \
	src/plan/partition_paths.o \
	src/plan/partition_scan.o \
	src/plan/paths.o \
	src/plan/plan_lists.o \
	src/plan/record.o \
	src/plan/row_sort.o \
	src/plan/sum.o \
	src/plan/sum_like.o \
	src/plan/sum_state.o \
	src/plan/sum_values.o \
	src/plan/value_bounds.o \
	src/plan/verify.o \
	src/plan/whole_table.o \
	src/plan/why_not.o \
	src/fanout/batches.o \
	src/fanout/bounds.o \
	src/fanout/deparse.o \
	src/fanout/explain_fanout.o \
	src/fanout/fanout_lists.o \
	src/fanout/fanout_node.o \
	src/fanout/merge.o \
	src/fanout/plan_fanout.o \
	src/fanout/record_fanout.o \
	src/fanout/region_sum.o \
	src/fanout/ship.o \
	src/fanout/statements.o \
	src/fanout/texts.o \
	src/fanout/tree_cache.o \
	src/fanout/values.o \
	src/fanout/waves.o \
	src/fanout/work.o \
	src/query/by_name.o \
	src/query/choose_index.o \
	src/query/composite.o \
	src/query/distance_sql.o \
	src/query/explain_distance.o \
	src/query/fusion.o \
	src/query/json_filter.o \
	src/query/json_query.o \
	src/query/json_read.o \
	src/query/json_sum.o \
	src/query/measure.o \
	src/query/pin.o \
	src/query/plans.o \
	src/query/profile.o \
	src/query/recall.o \
	src/query/search.o \
	src/query/statement.o \
	src/query/values.o \
	src/learn/candidates.o \
	src/learn/certainty.o \
	src/learn/examples.o \
	src/learn/feedback.o \
	src/learn/fit.o \
	src/learn/keys.o \
	src/learn/learn.o \
	src/learn/learner.o \
	src/learn/primary_key.o \
	src/learn/row_ids.o \
	src/learn/rows.o \
	src/tune/advise.o \
	src/tune/arguments.o \
	src/tune/candidates.o \
	src/tune/confirm.o \
	src/tune/copy.o \
	src/tune/effort.o \
	src/tune/found.o \
	src/tune/knobs.o \
	src/tune/network.o \
	src/tune/parameters.o \
	src/tune/policy.o \
	src/tune/replace.o \
	src/tune/reward.o \
	src/tune/surrogate.o \
	src/tune/tune.o \
	src/tune/workload.o

# The install script is these, one after the other: each object is declared
# before it is used.
SQL_PARTS = \
	src/mmdb.sql \
	src/type/mmvector.sql \
	src/type/odbquery.sql \
	src/type/odbvalues.sql \
	src/am/handler.sql \
	src/metric/support.sql \
	src/metric/vector.sql \
	src/metric/number.sql \
	src/metric/geo.sql \
	src/metric/text.sql \
	src/metric/set.sql \
	src/metric/bit.sql \
	src/metric/discrete.sql \
	src/am/info.sql \
	src/region/region.sql \
	src/stats/stats.sql \
	src/check/check.sql \
	src/plan/bounded.sql \
	src/plan/why_not.sql \
	src/query/query.sql \
	src/query/scales.sql \
	src/query/fusion.sql \
	src/query/profile.sql \
	src/query/json_query.sql \
	src/learn/learn.sql \
	src/tune/tune.sql \
	src/shard/operations.sql

# What metrics of others are built against.
HEADERS = src/metric/metric_routine.h

DATA_built = $(EXTENSION)--$(EXTVERSION).sql
# Scripts that lead from released versions to later ones, and install these (upgrade/README).
DATA = $(wildcard $(srcdir)/upgrade/*.sql)

# The first test makes the extension; clipart loads examples/clipart.
REGRESS = \
	install \
	mmvector \
	odbquery \
	odbquery_types \
	odbquery_equality \
	metric_vector \
	metric_number \
	metric_geo \
	metric_text \
	metric_set \
	metric_bit \
	metric_discrete \
	metric_types \
	metric_axioms \
	metric_bound \
	metric_user \
	kernels \
	index \
	index_alter \
	index_check \
	index_columns \
	index_composite \
	index_growth \
	cold \
	index_text \
	subindexes \
	index_units \
	packing \
	index_vacuum \
	reentrant \
	kept \
	validate \
	scan \
	search \
	search_missing \
	parts \
	by_name \
	odb_query \
	search_errors \
	search_rights \
	same_column \
	search_path \
	statistics_rights \
	scales \
	fusion \
	measure_recall \
	query_stats \
	learn \
	learn_plans \
	tune \
	plan \
	plan_values \
	plan_shapes \
	plan_infinite \
	plan_queries \
	partitions \
	plan_explain \
	plan_why_not \
	plan_rows \
	operator_names \
	recipes \
	regions \
	clipart

ISOLATION = \
	altered \
	build \
	condense \
	cursor \
	dimensions \
	recheck \
	reindex \
	scales \
	serializable \
	snapshot \
	train
ISOLATION_OPTS = --inputdir=$(srcdir)/test --load-extension=mmdb

TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

PG_CPPFLAGS = -I$(srcdir)/src
# Bounds need IEEE arithmetic: no fused multiply-add but where the code says so.
PG_CFLAGS = -ffp-contract=off

# OpenBLAS, with LAPACK in it.
BLAS_CFLAGS ?= $(shell pkg-config --cflags openblas 2>/dev/null)
BLAS_LIBS ?= $(or $(shell pkg-config --libs openblas 2>/dev/null),-lopenblas)

# libpq: that of the PostgreSQL that this is built for, or else the system's.
LIBPQ_CFLAGS ?= -I$(shell $(PG_CONFIG) --includedir) $(shell pkg-config --cflags libpq 2>/dev/null)
LIBPQ_LIBS ?= -L$(shell $(PG_CONFIG) --libdir) $(or $(shell pkg-config --libs libpq 2>/dev/null),-lpq)

EXTRA_CLEAN = $(SHARD_OBJS)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Each bridge is an extension of its own, with a Makefile.
all_bridges = vector postgis
BRIDGES ?= $(foreach bridge,$(all_bridges),$(if $(wildcard $(datadir)/extension/$(bridge).control),$(bridge)))

bridge_targets = all install installdirs uninstall clean distclean
# Whoever names tests means those of mmdb.
ifneq ($(origin REGRESS),command line)
bridge_targets += installcheck
endif
.PHONY: $(bridge_targets:=-bridges)
$(foreach target,$(bridge_targets),$(eval $(target): $(target)-bridges))
clean-bridges distclean-bridges: BRIDGES = $(all_bridges)
$(bridge_targets:=-bridges):
	@for bridge in $(BRIDGES); do $(MAKE) -C $(srcdir)/bridges/$$bridge $(@:-bridges=) || exit; done
ifneq ($(filter installcheck,$(MAKECMDGOALS)),)
$(foreach bridge,$(filter-out $(BRIDGES),$(all_bridges)),$(info Skipping the tests of bridges/$(bridge): this PostgreSQL has no extension "$(bridge)".))
endif

$(DATA_built): $(SQL_PARTS)
	cat $(addprefix $(srcdir)/,$(SQL_PARTS)) > $@

# These loops are left to the compiler to vectorize.  That neither errno nor
# floating point exceptions are looked at changes no result.
src/search/bounding.o src/tree/box.o src/tree/split.o src/metric/kernels_planes_%.o src/metric/principal.o: CFLAGS += -O3 -fno-math-errno -fno-trapping-math

vpath mmdb_learn.c $(srcdir)/src/learn
mmdb_learn$(DLSUFFIX): LDFLAGS += $(BLAS_LIBS)
mmdb_learn.o: CFLAGS += -O3 $(BLAS_CFLAGS)

vpath mmdb_shard.c $(srcdir)/src/shard
mmdb_shard$(DLSUFFIX): $(SHARD_OBJS)
mmdb_shard$(DLSUFFIX): LDFLAGS += $(SHARD_OBJS) $(LIBPQ_LIBS)
mmdb_shard.o mmdb_shard.bc $(SHARD_OBJS): CPPFLAGS += $(LIBPQ_CFLAGS)

# Objects depend on all headers; there are few, and they seldom change.
$(OBJS) $(SHARD_OBJS) $(MODULES:=.o): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)

endif
