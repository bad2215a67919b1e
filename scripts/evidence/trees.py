"""Trees of `ai.onnx.ml`, walked in float32 as their frameworks do, with leaves added in float64."""

import numpy as np
import onnx

ULPS = 2


class Ensemble:
    """The trees of a file with two classes; the score is that of class 1."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        node = next(node for node in graph.node if node.op_type.startswith("TreeEnsemble"))
        fields = {field.name: onnx.helper.get_attribute_value(field) for field in node.attribute}
        names = zip(fields["nodes_treeids"], fields["nodes_nodeids"])
        index = {name: at for at, name in enumerate(names)}
        ids = list(index)
        self.modes = [mode.decode() for mode in fields["nodes_modes"]]
        self.features = np.array(fields["nodes_featureids"])
        self.thresholds = np.array(fields["nodes_values"], np.float32)

        def children(field):
            targets = zip(ids, fields[field], self.modes)
            return np.array(
                [-1 if mode == "LEAF" else index[tree, to] for (tree, _), to, mode in targets]
            )

        self.yes, self.no = children("nodes_truenodeids"), children("nodes_falsenodeids")
        self.roots = [index[tree, 0] for tree in sorted({tree for tree, _ in ids})]
        self.is_branch = self.yes >= 0
        self.or_equal = np.array([mode == "BRANCH_LEQ" for mode in self.modes])
        unknown = set(self.modes) - {"LEAF", "BRANCH_LT", "BRANCH_LEQ"}
        if unknown:
            raise ValueError(f"branches that are not read here: {unknown}")
        self.leaves = np.zeros(len(ids))
        # With weights for both classes, those of class 1 decide.
        classes = set(fields["class_ids"])
        wanted = max(classes)
        weights = zip(
            fields["class_treeids"], fields["class_nodeids"], fields["class_ids"], fields["class_weights"]
        )
        for tree, at, target, weight in weights:
            if target == wanted:
                self.leaves[index[tree, at]] += weight
        bases = fields.get("base_values") or [0.0]
        self.base = bases[-1]

    def compared(self):
        """The features that some branch looks at."""
        return {int(feature) for feature in self.features[self.is_branch]}

    def scores(self, rows):
        """The sum of the leaves that each row comes to; `rows` are rounded to float32."""
        single = np.asarray(rows).astype(np.float32)
        lines = np.arange(len(single))
        total = np.full(len(single), float(self.base))
        for root in self.roots:
            at = np.full(len(single), root)
            while self.is_branch[at].any():
                x, cut = single[lines, self.features[at]], self.thresholds[at]
                says = (x < cut) | (self.or_equal[at] & (x == cut))
                following = np.where(says, self.yes[at], self.no[at])
                at = np.where(self.is_branch[at], following, at)
            total += self.leaves[at]
        return total

    def rows_at_thresholds(self, decimals, count, random):
        """Rows whose every feature is within two ulps of a threshold, with this many decimals."""
        columns = []
        for feature, places in enumerate(decimals):
            cuts = self.thresholds[self.is_branch & (self.features == feature)]
            if not len(cuts):
                columns.append(np.zeros(count))
                continue
            near = random.choice(cuts, count)
            steps = random.integers(-ULPS, ULPS + 1, count)
            for step in range(1, ULPS + 1):
                up = np.nextafter(near, np.float32(np.inf))
                down = np.nextafter(near, np.float32(-np.inf))
                near = np.where(steps >= step, up, np.where(steps <= -step, down, near))
            scaled = near.astype(np.float64) * 10.0**places
            rounded = np.stack([np.floor(scaled), np.ceil(scaled), np.rint(scaled)])
            integers = rounded[random.integers(0, 3, count), np.arange(count)].astype(np.int64)
            columns.append(np.array([float(f"{integer}e{-places}") for integer in integers]))
        return np.stack(columns, axis=1)
