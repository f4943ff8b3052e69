"""Changes of right answers that are no mistakes: exercise → pattern of what was changed → why it does the same.

A pattern must match the whole of a mutant's `what` (see tests/mutants.py); "*" holds for all exercises.
"""

NUMBER = {r"float64: «.*»": "the result is a Python number or a list of them: NumPy's or TensorFlow's may stand for it"}
PLAIN = {r"call left out: «(float|int)\(.*": "a scalar tensor or array may stand for the Python number"}
TAPES = {
    r"doubled: «with tf.GradientTape\(.*": "the second recording is of the same computation and takes the place of the first",
    r"doubled: «\w+\.watch\(.*": "watched is watched",
}
PLACE = {
    r"the first (8|16) only": "a point has two coordinates: there are no more places on the first axis",
    r"1 → -1 in «.*p\[1\].*": "of two coordinates the second is the last",
}
WRITER = {
    r"(dropped|doubled): «writer\.close\(\)»": "a writer that nobody holds any more is closed; closed is closed",
    r"call left out: «str\(logdir\)»": "TensorFlow takes a Path",
}
LAST = {r"1 → -1 in «.*(axis=1|shape\[1\]).*": "of the two axes of a batch the second is the last"}

EQUIVALENT: dict[str, dict[str, str]] = {
    "*": {
        r"NumPy: «.*»": "an array counts as the tensor of its numbers; where a gradient is asked for, this is killed",
    },
    # 01
    "init_params": {r"upper dropped of the slice «:-1»": "zip ends with the shorter list"},
    "mse_onehot": LAST,
    "accuracy": {
        **NUMBER,
        **PLAIN,
        **LAST,
        r"float32 → float64 in «.*": "the mean becomes a Python float anyhow",
    },
    # 02
    "grad_and_second": {**TAPES, r"doubled: «x = tf.constant\(x\)»": "a constant of a constant is the same constant"},
    "chain_persistent": {
        **TAPES,
        r"operator of «(x \* w1 \+ b1|y1 \* w2 \+ b2)»": "no derivative that is asked for depends on the sign before b1 or b2",
    },
    "sigmoid_grad": {
        r"the sign lost": "the derivative is even",
        r"inputs cut at ±50": "beyond, the derivative is below 1e-21, and 0 by the tolerance of the check",
    },
    "tanh_grad": {
        r"the sign lost": "the derivative is even",
        r"inputs cut at ±50": "beyond 20 the derivative is 0 in float32",
    },
    "relu_grad": {r"inputs cut at ±50|no more than 6": "the slope depends on the sign of a alone, which stays"},
    "softmax_ce_grad": {r"0 → -1 in «.*b\.shape\[0\].*": "b has one axis"},
    "numeric_grad": {
        **PLAIN,
        r"float64: «return gradient»": "the gradient is float64 already",
        r"doubled: «(x = np\.array|for i in|step\[i\] = h|gradient\[i\] =).*": "the same is computed and written once more",
        r"1e-05 → -1e-05 in «.*": "a central difference does not depend on the sign of h",
        r"1e-05 → 1\.00\d+e-05 in «.*": "the error of a central difference changes by a five-hundredth of itself",
        r"zeros_like → ones_like in «gradient = .*": "every place is written afterwards",
    },
    "backward": {
        r"doubled: «def visit\(name\):»": "the same function is defined twice",
        r"doubled: «(visit\(|if name not in seen|for parent, _ in|seen\.add).*": "what was visited is not visited again",
        r"doubled: «gradient\[result\] = 1\.0»": "an assignment of the same",
    },
    # 03
    "first_bad": {r"doubled: «for name, tensor in .*": "the second loop finds what the first has: nothing"},
    "equivalent_lr": NUMBER,
    "stable_softmax": LAST,
    "sparse_ce": {
        **LAST,
        r"doubled: «z = z - tf\.reduce_max\(.*": "after the first subtraction the largest is 0",
    },
    "stable_bce": {
        r"float32 inside": "the check asks for the dtype, and for values to 1e-5: the task does not promise more",
        r"comparison of «z >= 0»|0 → -?1 in «positive = .*": "both sides are the same function, near 0 and at it, with one gradient",
    },
    # 04
    "explodes": {
        r"the sign lost": "a norm is not negative, and |x| is finite where x is",
        r"doubled: «for step, norm in .*": "the second loop finds what the first has: nothing",
    },
    "clip_norm": {
        r"arguments exchanged in «tf\.maximum\(.*": "a maximum does not depend on their order, but for gradients at a tie"
    },
    "clip_global": {r"arguments exchanged in «tf\.maximum\(.*": "a maximum does not depend on their order"},
    # 05
    "himmelblau": {**PLACE, r"four of a list": "a point has two coordinates"},
    "himmelblau_grad": {**PLACE, r"call left out: «tf\.stack\(.*": "the list of an array's rows counts as the array"},
    "surface_grid": {r"float64: «return \(X, Y, Z\)»": "one tensor of the three grids comes apart as the tuple does"},
    "descend": {
        **TAPES,
        r"the first (8|16) only": "a point has two coordinates: there are no more places on the first axis",
        r"1 → -1 in «.*": "a path of one step ends with it",
        r"inputs cut at ±50|no more than 6": "only the start is an argument, and it lies within",
        r"float64: «return tf\.stack\(path\)»": "the dtype of the path is not asked for",
        r"call left out: «tf\.convert_to_tensor\(x0\)»": "the first step makes a tensor of it; the start itself is only read",
        r"call left out: «tf\.stack\(.*": "the list of an array's rows counts as the array",
    },
    "which_minimum": {
        **PLACE,
        **PLAIN,
        r"inputs cut at ±50|no more than 6": "the minima lie within: what is far stays far, and nan stays nan",
        r"doubled: «for number, .*": "the second loop finds what the first has: nothing",
        r".* → .* in «(minima = |def which_minimum|if \().*": "a thousandth: the cases stay a seventh of tol away from the edge, for float32's sake",
        r"comparison of «.* < tol»": "no point lies on the edge: there float32 and float64 do not agree",
    },
    "max_stable_lr": {
        **TAPES,
        **PLACE,
        **NUMBER,
        **PLAIN,
        r"inputs cut at ±50|no more than 6": "the minima lie within",
        r"call left out: «tf\.convert_to_tensor\(minimum\)»": "a minimum given as a tensor is one already",
        r"7 → 7\.007 in «f = .*": "at a minimum the Hessian hardly depends on it: 2·(x + y² − 7.007) differs by 0.014 of 80",
    },
    # 06
    "make_dataset": {
        r"doubled: «if training:»|doubled: «dataset = dataset\.shuffle\(.*": "shuffled twice is shuffled",
    },
    "count_params": {r"upper dropped of the slice «:-1»": "zip ends with the shorter list"},
    "train_step": {**TAPES, r"float64: «return loss»": "the dtype of the loss is not asked for"},
    "evaluate": {
        **NUMBER,
        **PLAIN,
        **LAST,
        r"doubled: «for x, y in dataset:»": "right and total both count twice, and their ratio stays",
    },
    # 07
    "log_scalars": WRITER,
    "log_images": {**WRITER, r"no more than 6|the sign lost|inputs cut at ±50": "pictures lie between 0 and 1"},
    "plot_to_image": {
        r"doubled: «figure\.savefig\(.*": "the decoder reads the first picture of the two",
        r"doubled: «plt\.close\(.*": "closed is closed",
        r"format= dropped in «figure\.savefig\(.*": "png is matplotlib's default",
        r"channels= dropped in .*|4 → (0|4\.004) in «return tf\.image\.decode_png.*": "matplotlib's png has four channels, and 0 says as many as there are",
    },
    "image_grid": {
        r"no more than 6|the sign lost|inputs cut at ±50": "pictures lie between 0 and 1",
        r"doubled: «axes\.(imshow|set)\(.*": "the same, drawn or set once more, looks the same",
        r"5 → \S+ in «figure = plt\.figure\(.*": "the size of the figure is not asked for",
        r"figsize= dropped in .*": "the size of the figure is not asked for",
        r"5 → 6 in «axes = figure\.add_subplot\(.*": "a sixth row stays empty: the 25 stand in five rows of five",
    },
    "read_scalars": {
        **PLAIN,
        r"doubled: «accumulator\.Reload\(\)»": "read anew, the same is found",
        r"call left out: «str\(logdir\)»": "TensorBoard takes a Path",
    },
    # 08
    "build_graph": {
        **LAST,
        r"doubled: «with graph\.as_default\(\):»": "x and y are the second pair; what else the graph holds is not asked for",
    },
    "run": {
        r"inputs cut at ±50": "a feed is a dict, which the wrap leaves alone",
        r"doubled: «with .*": "the first returns",
        r"doubled: «session\.run\(.*initializer.*": "initialised twice is initialised",
    },
    "on_device": {r"doubled: «with graph\.as_default\(\), .*": "the first returns"},
    "as_tf_function": {
        r"doubled: «@tf\.function»": "the same function is defined twice",
        r"doubled: «\[result\] = tf\.import_graph_def\(.*": "imported twice, the second is returned",
    },
    "exp_decay": NUMBER,
    "descend_x2": NUMBER,
    # 09
    "noisy_circle": {
        r"operator of «clean \+ rng\.normal\(.*": "the noise is symmetric",
        r"comparison of «clean.* > 1»": "no drawn point lies on the circle",
        r"1 → 1\.001 in «(clean|y) = .*": "so few points lie between that no test of samples tells the two apart",
        r"2 → 2\.002 in «.*": "so few points lie between that no test of samples tells the two apart",
        r"1 → -1 in «(X|y|clean) = .*": "the square is symmetric: uniform(1, −1) draws as uniform(−1, 1); a slice may end before the last of two",
    },
    "l2_penalty": {
        r"the sign lost": "squares are the same of both signs",
        r"call left out: «tf\.constant\(0\.0\)»": "the sum may begin with the number 0.0",
    },
    "total_loss": {
        **PLAIN,
        r"doubled: «(for tensor in|with tf\.compat\.v1\.Session|first\.setdefault).*": "setdefault keeps the first; the same is computed again",
    },
    "ema_update": {
        r"doubled: «(if num_updates|decay = min).*": "the minimum with the same bound, once more",
        r"arguments exchanged in «min\(.*": "a minimum does not depend on their order",
    },
    "decision_grid": {
        r"four of a list": "a limit is a pair",
        r"lower dropped of the slice «0:(rows|columns)»": "np.mgrid begins at 0",
        r"1 → -1 in «.*lim\[1\].*": "of two limits the second is the last",
    },
}
