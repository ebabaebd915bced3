"""Networks from elsewhere: ONNX files, models of scikit-learn, modules of torch; and their quantisation.

Each becomes an `ImportedNetwork`. None of the packages is imported before it is needed.
"""
