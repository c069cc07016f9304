import pytest

from pedigree.errors import WrongUseError
from pedigree.models.head import Head, head_for


@pytest.mark.parametrize(
    ("arguments", "head"),
    [
        (("binary_crossentropy", 2), Head(1, "sigmoid")),
        (("categorical_crossentropy", 2), Head(2, "softmax")),
        (("sparse_categorical_crossentropy", 5), Head(5, "softmax")),
        (("mean_squared_error", None), Head(1, "linear")),
        (("half_squared_error", None, "tanh"), Head(1, "tanh")),
    ],
)
def test_a_loss_asks_for_its_head(arguments, head):
    assert head_for(*arguments) == head


@pytest.mark.parametrize("loss", ["mean_squared_error", "half_squared_error"])
@pytest.mark.parametrize("classes", [None, 10])
def test_what_gives_back_its_input_needs_no_classes(loss, classes):
    """Whatever else the data could be used for."""
    assert head_for(loss, classes, None, "input") == head_for(loss, None)


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (("mean_squared_error", 3), "mean_squared_error for classes"),
        (("half_squared_error", 2), "half_squared_error for classes"),
        (("binary_crossentropy", None), "binary_crossentropy for numbers"),
        (("categorical_crossentropy", None), "categorical_crossentropy for numbers"),
        (("binary_crossentropy", 2, None, "input"), "binary_crossentropy for the inp"),
        (("binary_crossentropy", None, None, "input"), "for the input"),
        (("binary_crossentropy", 3), "must have two classes. Received: 3 classes"),
    ],
)
def test_a_loss_that_measures_something_else_is_refused(arguments, received):
    with pytest.raises(WrongUseError, match=received) as caught:
        head_for(*arguments)
    assert len(str(caught.value).splitlines()) == 2
