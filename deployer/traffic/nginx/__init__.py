"""nginx as a balancer: what it is told lies in include files, and every change is a reload"""
